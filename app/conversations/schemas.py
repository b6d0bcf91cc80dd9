"""Request and response bodies of contacts, conversations and their turns."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from prisma.enums import Channel, TurnAuthor
from prisma.partials import ListedConversation, StoredConversation, StoredTurn
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)
from typing_extensions import TypedDict

from app.http.pages import PageRequest
from app.kit import json_values
from app.kit.moments import Moment, PastMoment
from app.kit.schemas import Email, Input, Name, Phone, input_config, printable

MAX_TEXT = 16_000
MAX_METADATA_BYTES = 8 * 1024
MAX_FIRST_TURNS = 50


def _storable_text(value: str) -> str:
    if not json_values.is_storable(value):
        raise ValueError("must not contain NUL")
    return value


def _storable_object(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if not json_values.is_storable(value):
        raise ValueError("must not contain NUL, NaN, infinity or half of a character")
    if json_values.json_size(value) > MAX_METADATA_BYTES:
        raise ValueError(f"must have at most {MAX_METADATA_BYTES} bytes as JSON")
    return value


def _parsed(value: Any) -> Any:
    """Parse a stored JSON value, which Prisma's models contain as text."""
    return json.loads(value) if isinstance(value, str) else value


WhatsAppUserId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}$"),
    Field(
        description="Meta's business-scoped user id: the two letters of a country, a dot, and up "
        "to 128 letters and digits."
    ),
]
Metadata = Annotated[
    dict[str, JsonValue],
    AfterValidator(_storable_object),
    Field(description=f"A JSON object of at most {MAX_METADATA_BYTES} bytes."),
]
TurnText = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_TEXT), AfterValidator(_storable_text)
]
ExternalId = Annotated[
    str,
    StringConstraints(pattern=r"^[\x21-\x7e]{1,256}$"),
    Field(description="The id of the message at the provider: visible ASCII characters."),
]


class ContactKeys(Input):
    """What identifies a contact. At least one of the three keys is required."""

    waUserId: WhatsAppUserId | None = None
    phone: Phone | None = None
    email: Email | None = None
    name: Name | None = None

    @model_validator(mode="after")
    def _require_key(self) -> Self:
        if not (self.waUserId or self.phone or self.email):
            raise ValueError("must have a phone number, an e-mail address or a WhatsApp user id")
        return self


class NewContact(ContactKeys):
    """A contact to create."""


# A TypedDict, because a model cannot tell an omitted field from null.
@input_config
class ContactChange(TypedDict, total=False):
    waUserId: WhatsAppUserId | None
    phone: Phone | None
    email: Email | None
    name: Name | None


class ContactsRequest(PageRequest):
    """A page of all contacts, or of those that are searched for."""

    q: Annotated[
        str | None,
        StringConstraints(min_length=2, max_length=100, strip_whitespace=True),
        AfterValidator(printable),
        Field(
            description="The beginning of a name, a phone number, an e-mail address or a WhatsApp "
            "user id. What is found is in alphabetical order instead of the newest first."
        ),
    ] = None


class NewTurn(Input):
    """Something that was said in a conversation."""

    # What was said is stored as it was said.
    model_config = ConfigDict(str_strip_whitespace=False)

    author: TurnAuthor
    text: TurnText
    externalId: ExternalId | None = None
    at: Annotated[PastMoment | None, Field(description="When it was said. By default now.")] = None


class NewConversation(Input):
    """A conversation to create, about a contact that exists or whose keys are given."""

    channel: Channel
    contactId: UUID | None = None
    contact: Annotated[
        ContactKeys | None,
        Field(
            description="The contact with one of these keys, who is created if there is none. "
            "Instead of contactId."
        ),
    ] = None
    metadata: Annotated[Metadata, Field(default_factory=dict)]
    turns: Annotated[
        list[NewTurn],
        Field(
            default_factory=list,
            max_length=MAX_FIRST_TURNS,
            description="The first turns, in their order.",
        ),
    ]

    @model_validator(mode="after")
    def _require_one_contact(self) -> Self:
        if self.contactId and self.contact:
            raise ValueError("must not have both contactId and contact")
        return self

    @model_validator(mode="after")
    def _require_distinct_turns(self) -> Self:
        ids = [turn.externalId for turn in self.turns if turn.externalId]
        if len(set(ids)) < len(ids):
            raise ValueError("must not have two turns with the same externalId")
        return self


class ConversationChange(Input):
    """The metadata of a conversation, which is replaced as a whole."""

    metadata: Metadata


class ConversationsRequest(PageRequest):
    """A page of all conversations, or of those that match every filter."""

    channel: Annotated[Channel | None, Field(description="Only conversations of this channel.")] = (
        None
    )
    contactId: Annotated[
        UUID | None, Field(description="Only conversations with this contact.")
    ] = None
    created_from: Annotated[
        Moment | None, Field(alias="from", description="Created then or later.")
    ] = None
    created_to: Annotated[
        Moment | None, Field(alias="to", description="Created before that moment.")
    ] = None


class TurnOrder(StrEnum):
    """The end of a conversation at which a list of its turns begins."""

    oldest = "oldest"
    newest = "newest"


class TurnsRequest(PageRequest):
    """A page of a conversation's turns, from either end."""

    order: Annotated[
        TurnOrder, Field(description="Whether the list begins with the oldest or newest turn.")
    ] = TurnOrder.oldest


StoredObject = Annotated[dict[str, JsonValue], BeforeValidator(_parsed)]


class TranscriptTurn(BaseModel):
    """A turn in the transcript of its conversation."""

    id: str
    position: int
    author: TurnAuthor
    text: str
    at: datetime


class ConversationEntry(ListedConversation):
    """A conversation in a list, without its transcript."""

    metadata: StoredObject  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]  # the generated type is text


class Conversation(StoredConversation):
    """A conversation; its transcript holds the newest ten turns, the oldest of them first."""

    transcript: Annotated[list[TranscriptTurn], BeforeValidator(_parsed)]  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]  # as above
    metadata: StoredObject  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]  # as above


class Turn(StoredTurn):
    """A turn of a conversation. `createdAt` is when it was said."""

    # What the text does not tell of a message that is not only text.
    data: StoredObject | None  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]  # as above


class ErasedContact(BaseModel):
    """What was erased with a contact."""

    conversations: int
    turns: int
