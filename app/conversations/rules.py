"""Conversations: creating, listing, reading, changing and deleting them."""

from datetime import datetime
from typing import Any

from prisma import Json, Prisma
from prisma.actions import ConversationActions
from prisma.errors import ForeignKeyViolationError
from prisma.partials import ListedConversation, StoredConversation
from prisma.types import ConversationWhereInput

from app.conversations import contact_keys, turns
from app.conversations.contact_keys import Identity, Person
from app.conversations.errors import (
    contact_not_found,
    conversation_not_found,
    external_id_taken,
)
from app.conversations.races import run_until_won
from app.conversations.schemas import (
    Conversation,
    ConversationEntry,
    ConversationsRequest,
    Metadata,
    NewConversation,
)
from app.db import prisma
from app.http.pages import Page
from app.kit.ids import is_uuid
from app.tenants import TenantScope, in_tenant, record_event

_listed = ConversationActions(prisma, ListedConversation)
_stored = ConversationActions(prisma, StoredConversation)


async def list_conversations(
    scope: TenantScope, pages: ConversationsRequest
) -> Page[ConversationEntry]:
    """Return the conversations that match every filter, newest first."""
    filters = (pages.channel, pages.contactId, pages.created_from, pages.created_to)
    list_ = f"conversations of {scope.id} with {filters}"
    where: ConversationWhereInput = {**in_tenant(scope.id)}
    if pages.channel:
        where["channel"] = pages.channel
    if pages.contactId:
        where["contactId"] = str(pages.contactId)
    created: list[ConversationWhereInput] = []
    if pages.created_from:
        created.append({"createdAt": {"gte": pages.created_from}})
    if pages.created_to:
        created.append({"createdAt": {"lt": pages.created_to}})
    if place := pages.after_moment(list_):
        created.append(_created_before(*place))
    if created:
        where["AND"] = created
    rows = await _listed.find_many(
        where=where, order=[{"createdAt": "desc"}, {"id": "desc"}], take=pages.take + 1
    )
    entries = [ConversationEntry.model_validate(row, from_attributes=True) for row in rows]
    return pages.page(list_, entries, moment=lambda entry: entry.createdAt)


async def read_conversation(scope: TenantScope, *, id_: str) -> Conversation:
    """Return a conversation; raise 404."""
    return _view(await _stored.find_first(where=_one(scope, id_)))


async def create_conversation(scope: TenantScope, new: NewConversation) -> Conversation:
    """Create a conversation with its first turns, and its contact if they are unknown."""

    async def create(tx: Prisma) -> Conversation:
        contact = str(new.contactId) if new.contactId else None
        if new.contact:
            person = Person(**new.contact.model_dump())
            (found,) = await contact_keys.find_or_create(tx, scope.id, [person])
            await _record_contact(tx, scope, found)
            contact = found.id
        elif contact and not await tx.contact.count(where={**in_tenant(scope.id), "id": contact}):
            raise contact_not_found()
        made = await ConversationActions(tx, StoredConversation).create(
            {
                **in_tenant(scope.id),
                "channel": new.channel,
                "contactId": contact,
                "metadata": Json(dict[str, Any](new.metadata)),
            }
        )
        await record_event(tx, scope, "conversation.created", subject=made.id, channel=new.channel)
        if not new.turns:
            return _view(made)
        given = [turns.given_turn(made.id, each) for each in new.turns]
        if len(await turns.append(tx, scope.id, given)) < len(given):
            raise external_id_taken()
        return _view(
            await ConversationActions(tx, StoredConversation).find_first(where=_one(scope, made.id))
        )

    try:
        return await run_until_won(create)
    except ForeignKeyViolationError:  # the tenant is deleted meanwhile
        raise scope.not_found() from None


async def change_conversation(scope: TenantScope, *, id_: str, metadata: Metadata) -> Conversation:
    """Replace the metadata of a conversation; raise 404."""
    where = _one(scope, id_)
    async with prisma.tx() as tx:
        if not await tx.conversation.update_many(
            where=where, data={"metadata": Json(dict[str, Any](metadata))}
        ):
            raise conversation_not_found()
        # Not its new metadata, which may be personal and must not outlive the conversation.
        await record_event(tx, scope, "conversation.changed", subject=id_, fields=["metadata"])
        return _view(await ConversationActions(tx, StoredConversation).find_first(where=where))


async def delete_conversation(scope: TenantScope, *, id_: str) -> None:
    """Delete a conversation with its turns; raise 404."""
    where = _one(scope, id_)
    async with prisma.tx() as tx:
        if not await tx.conversation.delete_many(where=where):
            raise conversation_not_found()
        await record_event(tx, scope, "conversation.deleted", subject=id_)


async def _record_contact(tx: Prisma, scope: TenantScope, contact: Identity) -> None:
    """Record what a new conversation writes of its contact: the names of the fields alone."""
    if contact.is_new:
        await record_event(tx, scope, "contact.created", subject=contact.id)
    elif contact.changes:
        fields = sorted(contact.changes)
        await record_event(tx, scope, "contact.changed", subject=contact.id, fields=fields)


def _one(scope: TenantScope, id_: str) -> ConversationWhereInput:
    """Return the condition for one conversation; raise 404 if the id is malformed."""
    if not is_uuid(id_):
        raise conversation_not_found()
    return {**in_tenant(scope.id), "id": id_}


def _view(stored: StoredConversation | None) -> Conversation:
    if stored is None:
        raise conversation_not_found()
    return Conversation.model_validate(stored, from_attributes=True)


def _created_before(moment: datetime, id_: str) -> ConversationWhereInput:
    """Return the condition that starts a page after a place in the order of creation."""
    # The first condition is redundant; it lets PostgreSQL start in the middle of the index.
    return {
        "createdAt": {"lte": moment},
        "OR": [{"createdAt": {"lt": moment}}, {"id": {"lt": id_}}],
    }
