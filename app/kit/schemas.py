"""What goes over the wire, as far as it is the same everywhere."""

import re
import unicodedata
from typing import Annotated

from email_validator import validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    StringConstraints,
)

# Line breaks and tabs are for texts of several lines alone.
_CONTROL = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


class Input(BaseModel):
    """A request's body: fields that it does not name are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def _printable(value: str) -> str:
    if _BIDI.search(value) or any(unicodedata.category(char) in _CONTROL for char in value):
        raise ValueError("must not contain control characters")
    return unicodedata.normalize("NFC", value)


def _visible(value: str) -> str:
    if all(unicodedata.category(char)[0] in "CZ" for char in value):
        raise ValueError("must have something that can be seen")
    return value


def _text(value: str) -> str:
    # The other line breaks that splitlines() knows are control characters.
    for line in re.split(r"\r?\n", value):
        _printable(line.replace("\t", " "))
    return unicodedata.normalize("NFC", value)


def _plain_address(value: str) -> str:
    """As every mail server takes it: in ASCII, with a name of many alphabets' domain encoded."""
    checked = validate_email(value, check_deliverability=False)
    if checked.ascii_email is None:
        raise ValueError("must have nothing but ASCII before the @")
    return checked.ascii_email.lower()


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_printable),
    AfterValidator(_visible),
    Field(description="One line with something to see in it, without control characters."),
]
Text = Annotated[
    str,
    StringConstraints(max_length=2000),
    AfterValidator(_text),
    Field(description="Line breaks and tabs, and no other control characters."),
]
# Addresses are compared without case: as lower case they are equal or not.
Email = Annotated[
    EmailStr,
    StringConstraints(max_length=254),
    AfterValidator(_plain_address),
    Field(description="With nothing but ASCII before the @; compared without case."),
]
