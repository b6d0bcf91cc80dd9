"""Models with secrets: from a validated body to the stored JSON, and from there to a response.

A body is an `Input` whose secrets have the type `Secret`. Stored, each secret is an object with its
`ciphertext` and `setAt`; the other fields are stored as they are. The model of the response
declares each secret as a `SecretView`, which reads when it was set and nothing else.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from app.encryption.cipher import Encryption, Place
from app.encryption.columns import SecretColumn

MAX_SECRET_LENGTH = 2000


def _without_spaces(value: SecretStr) -> SecretStr:
    """Refuse what copying adds to a secret: spaces, line breaks and characters beyond ASCII."""
    text = value.get_secret_value()
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("must consist of visible ASCII characters, without spaces")
    return value


# Neither its repr nor an error contains the value.
Secret = Annotated[
    SecretStr,
    Field(min_length=1, max_length=MAX_SECRET_LENGTH),
    AfterValidator(_without_spaces),
]


class SecretView(BaseModel):
    """A secret that is set. No response contains its value."""

    setAt: datetime


def seal_fields(
    encryption: Encryption, model: BaseModel, *, tenant: str, column: SecretColumn, row: str
) -> dict[str, Any]:
    """Return what is stored for a validated model: its secrets encrypted for this row."""
    now = datetime.now(UTC).isoformat()
    stored: dict[str, Any] = model.model_dump(mode="json", exclude_none=True)
    for name in stored:
        value = getattr(model, name)
        if isinstance(value, SecretStr):
            place = Place(tenant, column, row, name)
            stored[name] = {
                "ciphertext": encryption.seal(value.get_secret_value(), place),
                "setAt": now,
            }
    return stored


def open_field(encryption: Encryption, stored: Any, place: Place) -> str:
    """Return a secret of a stored object; raise UnreadableSecret if it does not open."""
    found = stored.get(place.field)
    return encryption.open(found["ciphertext"] if found else "", place)
