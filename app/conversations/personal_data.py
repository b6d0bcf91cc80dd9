"""The export and the erasure of everything that is stored of a contact."""

import json
from collections.abc import AsyncIterator
from typing import Any

from prisma.actions import ConversationActions
from prisma.enums import TenantUserRole
from prisma.partials import ContactView, ListedConversation
from prisma.types import ConversationWhereInput

from app.conversations.contacts import one_contact, read_contact
from app.conversations.errors import confirmation_needed, contact_not_found
from app.conversations.schemas import ConversationEntry, ErasedContact, Turn
from app.conversations.turns import read_after
from app.db import prisma
from app.tenants import TenantScope, in_tenant, tenant_transaction

# Rows of a statement, and so what is in memory at once: texts have 16,000 characters at most.
_BATCH = 100

# Raw, because Prisma neither locks rows nor returns what it deletes.
_LOCK = """
    SELECT FROM "Contact" WHERE "tenantId" = $1::uuid AND "id" = $2::uuid FOR UPDATE
"""
_DELETE_CONVERSATIONS = """
    WITH "deleted" AS (
        DELETE FROM "Conversation" WHERE "tenantId" = $1::uuid AND "contactId" = $2::uuid
        RETURNING "turnCount"
    )
    SELECT count(*)::int AS "conversations", coalesce(sum("turnCount"), 0)::int AS "turns"
    FROM "deleted"
"""


async def export_contact(scope: TenantScope, *, id_: str) -> AsyncIterator[bytes]:
    """Record the export; return the lines of it: what is stored of a contact as NDJSON.

    Raises 404. What is added or changed during the export may be in it or not: a snapshot would
    keep a transaction open for as long as the client reads.
    """
    contact = await read_contact(scope, id_=id_)
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        await transaction.record("contact.exported", subject=id_)
    return _lines(scope, contact)


async def erase_contact(scope: TenantScope, *, id_: str, confirm: bool) -> ErasedContact:
    """Erase a contact with their conversations and all turns; raise 404 or 409.

    The audit trail keeps how many there were, and nothing of them.
    """
    where = one_contact(scope, id_)
    if not confirm:
        await read_contact(scope, id_=id_)
        raise confirmation_needed()
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        tx = transaction.tx
        # The lock lets nobody add a conversation that would be deleted without being counted.
        if not await tx.query_raw(_LOCK, scope.id, id_):
            raise contact_not_found()
        (counted,) = await tx.query_raw(_DELETE_CONVERSATIONS, scope.id, id_)
        await tx.contact.delete_many(where=where)
        await transaction.record("contact.erased", subject=id_, **counted)
    return ErasedContact.model_validate(counted)


async def _lines(scope: TenantScope, contact: ContactView) -> AsyncIterator[bytes]:
    """Return the lines of an export; the last one tells that it is complete."""
    conversations = turns = 0
    yield _line("contact", contact)
    async for conversation in _conversations(scope, contact.id):
        conversations += 1
        yield _line("conversation", conversation)
        async for turn in _turns(scope, conversation.id):
            turns += 1
            yield _line("turn", turn)
    end = {"type": "end", "conversations": conversations, "turns": turns}
    yield json.dumps(end).encode() + b"\n"


async def _conversations(scope: TenantScope, contact: str) -> AsyncIterator[ConversationEntry]:
    stored = ConversationActions(prisma, ListedConversation)
    after: ConversationWhereInput = {}
    is_last = False
    while not is_last:
        rows = await stored.find_many(
            where={**in_tenant(scope.id), "contactId": contact, **after},
            order=[{"createdAt": "asc"}, {"id": "asc"}],
            take=_BATCH,
        )
        for row in rows:
            yield ConversationEntry.model_validate(row, from_attributes=True)
            after = {
                "createdAt": {"gte": row.createdAt},
                "OR": [{"createdAt": {"gt": row.createdAt}}, {"id": {"gt": row.id}}],
            }
        is_last = len(rows) < _BATCH


async def _turns(scope: TenantScope, conversation: str) -> AsyncIterator[Turn]:
    position, is_last = 0, False
    while not is_last:
        batch = await read_after(scope, conversation, position, take=_BATCH)
        for turn in batch:
            yield turn
            position = turn.position
        is_last = len(batch) < _BATCH


def _line(kind: str, resource: Any) -> bytes:
    """Return a line with the fields of a resource, and its type before them."""
    document = resource.model_dump_json().encode()
    return b'{"type":"' + kind.encode() + b'",' + document[1:] + b"\n"
