"""The types of request bodies that all domains share."""

import re
import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, with_config

from app.kit import addresses, characters, phone_numbers


class Input(BaseModel):
    """A request body; unknown fields are an error."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


# Decorates a TypedDict that is a request body, so that it is read like an Input.
input_config = with_config(Input.model_config)


def printable(value: str) -> str:
    """Return a text in composed form; raise ValueError if it has control characters."""
    if characters.has_control(value):
        raise ValueError("must not contain control characters")
    return unicodedata.normalize("NFC", value)


def _visible(value: str) -> str:
    if not any(characters.is_visible(char) for char in value):
        raise ValueError("must contain at least one visible character")
    if characters.has_misplaced_invisible(value):
        raise ValueError("must not contain unnecessary invisible characters")
    return value


def _text(value: str) -> str:
    # All other line breaks that splitlines() knows are control characters.
    for line in re.split(r"\r?\n", value):
        printable(line.replace("\t", " "))
    return unicodedata.normalize("NFC", value)


def _address(value: str) -> str:
    """Return the address as mail servers get it: lower case, an international domain encoded."""
    try:
        checked = validate_email(value, check_deliverability=False)
    except EmailNotValidError as error:
        raise ValueError(f"is not a valid e-mail address: {error}") from None
    address = checked.ascii_email
    if address is None:
        raise ValueError("must have only ASCII characters before the @")
    if address.index("@") > addresses.MAX_LOCAL_LENGTH:
        raise ValueError(f"must have at most {addresses.MAX_LOCAL_LENGTH} characters before the @")
    if not addresses.is_unambiguous(address):
        raise ValueError("must not contain ! % ? | or ` before the @")
    return address.lower()


def _e164(value: str) -> str:
    number = phone_numbers.to_e164(value)
    if number is None:
        raise ValueError("must be a phone number with a country code, such as +4930123456")
    return number


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(printable),
    AfterValidator(_visible),
    Field(
        description="One line with at least one visible character, without control characters. "
        "Invisible characters are allowed only where they join or change visible ones."
    ),
]
Text = Annotated[
    str,
    StringConstraints(max_length=2000),
    AfterValidator(_text),
    Field(description="May contain line breaks and tabs, but no other control characters."),
]
# Stored in lower case, so that comparing addresses ignores case.
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=addresses.MAX_LENGTH),
    AfterValidator(_address),
    Field(
        description="An address alone, without a display name. Only ASCII, and none of ! % ? | `, "
        "before the @. Case is ignored.",
        json_schema_extra={"format": "email"},
    ),
]
Phone = Annotated[
    str,
    StringConstraints(max_length=phone_numbers.MAX_LENGTH),
    AfterValidator(_e164),
    Field(description="With a country code; stored as E.164 writes it: +4930123456."),
]
# What other systems call an account or a host: it has no spaces.
Identifier = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[!-~]+$"),
    Field(description="Visible ASCII characters without spaces."),
]
