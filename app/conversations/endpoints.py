"""HTTP routes of contacts, conversations and their turns."""

from typing import Annotated

from fastapi import Body, Path, Query, Response
from fastapi.responses import StreamingResponse
from prisma.partials import ContactView

from app.conversations import contacts, personal_data, rules, turns
from app.conversations.schemas import (
    ContactChange,
    ContactsRequest,
    Conversation,
    ConversationChange,
    ConversationEntry,
    ConversationsRequest,
    ErasedContact,
    NewContact,
    NewConversation,
    NewTurn,
    Turn,
    TurnsRequest,
)
from app.http.description import domain_router
from app.http.pages import Page
from app.http.problems import problems
from app.tenants import TenantAdminScope, TenantStaffScope

router = domain_router()
_TENANT = "/tenants/{tenantId}"
_CONTACTS = f"{_TENANT}/contacts"
_CONTACT = f"{_CONTACTS}/{{contactId}}"
_CONVERSATIONS = f"{_TENANT}/conversations"
_CONVERSATION = f"{_CONVERSATIONS}/{{conversationId}}"
# A text may be written in escapes of twelve bytes for each character.
_MAX_BYTES_OF_TURN, _MAX_BYTES_OF_CONVERSATION = 256 * 1024, 1024 * 1024
_NDJSON = "application/x-ndjson"

ContactId = Annotated[str, Path(alias="contactId", description="A UUID.")]
ConversationId = Annotated[str, Path(alias="conversationId", description="A UUID.")]


@router.get(_CONVERSATION, tags=["conversations"])
async def read_conversation(
    scope: TenantStaffScope, conversation_id: ConversationId
) -> Conversation:
    """Return a conversation. Its transcript holds the newest ten turns."""
    return await rules.read_conversation(scope, id_=conversation_id)


@router.get(_CONVERSATIONS, tags=["conversations"])
async def list_conversations(
    scope: TenantStaffScope, pages: Annotated[ConversationsRequest, Query()]
) -> Page[ConversationEntry]:
    """List conversations without their transcripts, the newest first."""
    return await rules.list_conversations(scope, pages)


@router.post(
    _CONVERSATIONS,
    tags=["conversations"],
    status_code=201,
    responses=problems(409),
    max_body_size=_MAX_BYTES_OF_CONVERSATION,
)
async def create_conversation(scope: TenantStaffScope, body: NewConversation) -> Conversation:
    """Create a conversation with its first turns, and its contact if there is none yet."""
    return await rules.create_conversation(scope, body)


@router.patch(_CONVERSATION, tags=["conversations"])
async def change_conversation(
    scope: TenantStaffScope, conversation_id: ConversationId, body: ConversationChange
) -> Conversation:
    """Replace the metadata of a conversation as a whole."""
    return await rules.change_conversation(scope, id_=conversation_id, metadata=body.metadata)


@router.delete(_CONVERSATION, tags=["conversations"], status_code=204)
async def delete_conversation(scope: TenantAdminScope, conversation_id: ConversationId) -> None:
    """Delete a conversation with its turns."""
    await rules.delete_conversation(scope, id_=conversation_id)


@router.post(
    f"{_CONVERSATION}/turns",
    tags=["conversations"],
    status_code=201,
    responses={
        200: {"model": Turn, "description": "The turn with this externalId, which is unchanged."},
        **problems(409),
    },
    max_body_size=_MAX_BYTES_OF_TURN,
)
async def append_turn(
    scope: TenantStaffScope, conversation_id: ConversationId, body: NewTurn, response: Response
) -> Turn:
    """Append a turn. One with a known `externalId` is not added again: the response is the first.

    The turns themselves are the record of what was said; the audit trail does not repeat them.
    """
    turn, is_new = await turns.append_one(scope, conversation=conversation_id, new=body)
    if not is_new:
        response.status_code = 200
    return turn


@router.get(f"{_CONVERSATION}/turns", tags=["conversations"])
async def list_turns(
    scope: TenantStaffScope,
    conversation_id: ConversationId,
    pages: Annotated[TurnsRequest, Query()],
) -> Page[Turn]:
    """List the turns of a conversation, the oldest or the newest first."""
    return await turns.list_turns(scope, pages, conversation=conversation_id)


@router.get(_CONTACTS, tags=["contacts"])
async def list_contacts(
    scope: TenantStaffScope, pages: Annotated[ContactsRequest, Query()]
) -> Page[ContactView]:
    """List the contacts, the newest first, or search for some of them."""
    return await contacts.list_contacts(scope, pages)


@router.post(_CONTACTS, tags=["contacts"], status_code=201, responses=problems(409))
async def create_contact(scope: TenantStaffScope, body: NewContact) -> ContactView:
    """Create a contact, who has at least one of the three keys."""
    return await contacts.create_contact(scope, body)


@router.get(_CONTACT, tags=["contacts"])
async def read_contact(scope: TenantStaffScope, contact_id: ContactId) -> ContactView:
    """Return a contact."""
    return await contacts.read_contact(scope, id_=contact_id)


@router.patch(_CONTACT, tags=["contacts"], responses=problems(409))
async def change_contact(
    scope: TenantStaffScope, contact_id: ContactId, body: Annotated[ContactChange, Body()]
) -> ContactView:
    """Change a contact; omitted fields stay unchanged, null removes one."""
    return await contacts.change_contact(scope, id_=contact_id, changed=body)


@router.delete(_CONTACT, tags=["contacts"], responses=problems(409))
async def erase_contact(
    scope: TenantAdminScope,
    contact_id: ContactId,
    confirm: Annotated[bool, Query(description="Required: nothing brings the data back.")] = False,
) -> ErasedContact:
    """Erase a contact with all of their conversations."""
    return await personal_data.erase_contact(scope, id_=contact_id, confirm=confirm)


@router.get(
    f"{_CONTACT}/export",
    tags=["contacts"],
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "A JSON object per line with a `type`: first the `contact`; then each "
            "`conversation`, followed by each `turn` of it; and last an `end` with the numbers of "
            "both. An export without it was interrupted.",
            "content": {_NDJSON: {"schema": {"type": "string"}}},
        }
    },
)
async def export_contact(scope: TenantAdminScope, contact_id: ContactId) -> StreamingResponse:
    """Export everything that is stored of a contact."""
    lines = await personal_data.export_contact(scope, id_=contact_id)
    return StreamingResponse(lines, media_type=_NDJSON)
