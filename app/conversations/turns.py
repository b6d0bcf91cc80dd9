"""Turns of conversations: appended at a cost that does not grow, and read from either end."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from prisma import Json, Prisma
from prisma.actions import ConversationTurnActions
from prisma.enums import TurnAuthor
from prisma.partials import StoredTurn
from prisma.types import ConversationTurnWhereInput

from app.conversations.errors import conversation_not_found, external_id_taken
from app.conversations.races import retry_lost_races
from app.conversations.schemas import NewTurn, Turn, TurnOrder, TurnsRequest
from app.db import prisma
from app.http.pages import Page
from app.kit.ids import is_uuid, new_uuid7
from app.tenants import TenantId, TenantScope, in_tenant

_turns = ConversationTurnActions(prisma, StoredTurn)

# Raw, because Prisma cannot number rows by a column that the same statement increments. Updating
# the conversation locks it: of two appends the second counts from what the first has committed.
# What is already known by its external id is left out, by a look-up for each: for NOT EXISTS,
# PostgreSQL might read all turns. Whatever the length of a conversation, this reads and writes its
# row with ten turns, an entry of an index for each external id, and the new turns.
APPEND = """
    WITH "given" AS (
        SELECT * FROM jsonb_to_recordset($2::jsonb) AS "given" (
            "place" int, "id" uuid, "conversation" uuid, "author" "TurnAuthor", "text" text,
            "data" jsonb, "externalId" text, "at" timestamptz
        )
    ), "new" AS (
        SELECT *, row_number() OVER (PARTITION BY "conversation" ORDER BY "place")::int AS "number"
        FROM "given" WHERE (
            SELECT "known"."id" FROM "ConversationTurn" AS "known"
            WHERE "known"."tenantId" = $1::uuid AND "known"."externalId" = "given"."externalId"
        ) IS NULL
    ), "changed" AS (
        UPDATE "Conversation" SET
            "turnCount" = "turnCount" + "more"."count",
            "lastTurnAt" = greatest("lastTurnAt", "more"."lastAt"),
            "updatedAt" = now(),
            "transcript" = jsonb_path_query_array("transcript" || (
                SELECT jsonb_agg(jsonb_build_object(
                    'id', "id", 'position', "turnCount" + "number", 'author', "author",
                    'text', "text", 'at', "at"
                ) ORDER BY "number")
                FROM "new" WHERE "new"."conversation" = "Conversation"."id"
            ), '$[last - 9 to last]')
        FROM (
            SELECT "conversation", count(*)::int AS "count", max("at") AS "lastAt"
            FROM "new" GROUP BY "conversation"
        ) AS "more"
        WHERE "Conversation"."tenantId" = $1::uuid
            AND "Conversation"."id" = "more"."conversation"
        RETURNING "Conversation"."id", "turnCount" - "more"."count" AS "before"
    )
    INSERT INTO "ConversationTurn" (
        "id", "tenantId", "conversationId", "position", "author", "text", "data", "externalId",
        "createdAt"
    )
    SELECT "new"."id", $1::uuid, "conversation", "before" + "number", "author", "text", "data",
        "externalId", "at"
    FROM "new" JOIN "changed" ON "changed"."id" = "conversation"
    RETURNING "id", "conversationId", "position", "author", "text", "data", "externalId", "status",
        "statusAt", "createdAt"
"""


@dataclass(frozen=True, slots=True)
class TurnToAppend:
    """A turn for a conversation, with the id and the moment that it is going to have."""

    id: str
    conversation: str
    author: TurnAuthor
    text: str
    at: datetime
    externalId: str | None = None
    data: dict[str, Any] | None = None


def given_turn(conversation: str, new: NewTurn) -> TurnToAppend:
    """Return what a request gives of a turn, which is said now unless it says when."""
    return TurnToAppend(
        id=new_uuid7(),
        conversation=conversation,
        author=new.author,
        text=new.text,
        at=new.at or datetime.now(UTC),
        externalId=new.externalId,
    )


async def append(tx: Prisma, tenant: TenantId, turns: Sequence[TurnToAppend]) -> list[Turn]:
    """Append turns to their conversations; return those that are new, in the order of insertion.

    A turn with an external id that the tenant has already changes nothing. Raises an error that
    `has_lost_race` knows if another transaction appends the same at the same time.
    """
    given: Any = [
        {**asdict(turn), "at": turn.at.isoformat(), "place": place}
        for place, turn in enumerate(turns)
    ]
    rows = await tx.query_raw(APPEND, tenant, Json(given))
    return [Turn.model_validate(row) for row in rows]


async def append_one(scope: TenantScope, *, conversation: str, new: NewTurn) -> tuple[Turn, bool]:
    """Append a turn; return it with True, or the known one with its external id and False."""
    if not is_uuid(conversation):
        raise conversation_not_found()
    turn = given_turn(conversation, new)
    if appended := await retry_lost_races(lambda: append(prisma, scope.id, [turn])):
        return appended[0], True
    known = await _find_known(scope.id, new.externalId)
    if known is None:
        raise conversation_not_found()
    if known.conversationId != conversation:
        await require_conversation(scope.id, conversation)
        raise external_id_taken()
    return known, False


async def list_turns(scope: TenantScope, pages: TurnsRequest, *, conversation: str) -> Page[Turn]:
    """Return the turns of a conversation from its beginning or from its end; raise 404."""
    if not is_uuid(conversation):
        raise conversation_not_found()
    list_ = f"turns of {conversation} in {scope.id} from the {pages.order}"
    where: ConversationTurnWhereInput = {
        **in_tenant(scope.id),
        "conversationId": conversation,
    }
    is_oldest_first = pages.order is TurnOrder.oldest
    if (after := pages.after_number(list_)) is not None:
        where["position"] = {"gt": after} if is_oldest_first else {"lt": after}
    rows = await _turns.find_many(
        where=where,
        order={"position": "asc" if is_oldest_first else "desc"},
        take=pages.take + 1,
    )
    if not rows:  # a conversation that does not exist has no empty list
        await require_conversation(scope.id, conversation)
    return pages.page(list_, [_view(row) for row in rows], text=lambda turn: str(turn.position))


async def read_after(
    scope: TenantScope, conversation: str, position: int, *, take: int
) -> list[Turn]:
    """Return the turns of a conversation that follow a position, in their order."""
    rows = await _turns.find_many(
        where={
            **in_tenant(scope.id),
            "conversationId": conversation,
            "position": {"gt": position},
        },
        order={"position": "asc"},
        take=take,
    )
    return [_view(row) for row in rows]


async def require_conversation(tenant: TenantId, conversation: str) -> None:
    """Raise 404 if a tenant has no such conversation."""
    if not await prisma.conversation.count(where={**in_tenant(tenant), "id": conversation}):
        raise conversation_not_found()


async def _find_known(tenant: TenantId, external_id: str | None) -> Turn | None:
    if external_id is None:
        return None
    found = await _turns.find_first(where={**in_tenant(tenant), "externalId": external_id})
    return _view(found) if found else None


def _view(row: StoredTurn) -> Turn:
    return Turn.model_validate(row, from_attributes=True)
