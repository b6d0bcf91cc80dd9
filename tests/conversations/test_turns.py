"""Turns: appended once each, at a constant cost, and read from either end."""

import asyncio
import hashlib
import itertools
import json
import uuid
from typing import Any, LiteralString

import pytest
from prisma.errors import RawQueryError

from app.conversations.turns import APPEND
from app.kit.ids import new_uuid7
from tests.conversations.test_contacts import problem
from tests.conversations.test_conversations import AN_HOUR_AGO, create
from tests.fix_cursors import moved
from tests.fix_database import run_sql
from tests.fix_tenant import TenantTeam
from tests.test_plans_of_queries import described, explained, nodes

FIELDS = {
    "id", "conversationId", "position", "author", "text", "data", "externalId", "status",
    "statusAt", "createdAt",
}  # fmt: skip


async def append(studio: TenantTeam, conversation: str, text: str, **fields: object) -> Any:
    body = {"author": "STAFF", "text": text, **fields}
    return await studio.staff.post(f"{studio.path}/conversations/{conversation}/turns", body)


async def test_append(studio: TenantTeam):
    """A turn gets the next position; the text stays as it was said, and the trail is not longer."""
    id_ = (await create(studio))["id"]
    texts = ["  Hi 👨‍👩‍👧 \r\n\t", "مرحبا", "\u202eturned around\x0b", "💪" * 16_000]
    made = [(await append(studio, id_, text)).json() for text in texts]

    assert [turn["position"] for turn in made] == [1, 2, 3, 4]
    assert [turn["text"] for turn in made] == texts
    assert made[0].keys() == FIELDS
    assert made[0]["author"] == "STAFF"
    assert made[0]["data"] is made[0]["status"] is made[0]["externalId"] is None
    listed = (await studio.staff.get(f"{studio.path}/conversations/{id_}/turns")).json()
    assert listed == {"items": made, "nextCursor": None}
    assert await studio.actions() == ["conversation.created"]


async def test_the_transcript_holds_the_newest_ten(studio: TenantTeam):
    """In their order, whatever the moments; the last turn is the latest."""
    id_ = (await create(studio))["id"]
    made = [(await append(studio, id_, f"Turn {n}")).json() for n in range(11)]
    made.append((await append(studio, id_, "An old one", at=AN_HOUR_AGO)).json())

    found = (await studio.staff.get(f"{studio.path}/conversations/{id_}")).json()
    assert found["transcript"] == [
        {
            "id": turn["id"],
            "position": turn["position"],
            "author": turn["author"],
            "text": turn["text"],
            "at": turn["createdAt"],
        }
        for turn in made[2:]
    ]
    assert found["turnCount"] == 12
    assert found["lastTurnAt"] == made[-2]["createdAt"]


async def test_a_known_external_id_changes_nothing(studio: TenantTeam):
    """The response is the turn that exists, with 200 instead of 201."""
    id_, other = (await create(studio))["id"], (await create(studio))["id"]
    first = await append(studio, id_, "First", externalId="wamid.1")
    before = (await studio.staff.get(f"{studio.path}/conversations/{id_}")).json()
    again = await append(studio, id_, "Again", author="CONTACT", externalId="wamid.1")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert (await studio.staff.get(f"{studio.path}/conversations/{id_}")).json() == before
    elsewhere = await append(studio, other, "Elsewhere", externalId="wamid.1")
    assert problem(elsewhere) == (409, "external_id_taken")
    assert await studio.api.owner.conversationturn.count() == 1


async def test_appends_at_the_same_time(studio: TenantTeam):
    """Each gets a position of its own, and the transcript has the newest ten of them."""
    id_ = (await create(studio))["id"]
    answers = await asyncio.gather(*(append(studio, id_, f"Turn {n}") for n in range(16)))

    made = sorted((answer.json() for answer in answers), key=lambda turn: turn["position"])
    assert [turn["position"] for turn in made] == list(range(1, 17))
    found = (await studio.staff.get(f"{studio.path}/conversations/{id_}")).json()
    assert [turn["id"] for turn in found["transcript"]] == [turn["id"] for turn in made[-10:]]
    assert found["turnCount"] == 16


async def test_the_same_turn_at_the_same_time(studio: TenantTeam):
    """One of the requests adds it, and all return it."""
    id_ = (await create(studio))["id"]
    async with studio.api.hold('SELECT id FROM "Conversation" FOR UPDATE'):
        # Each has looked for the turn before another one adds it.
        requests = [
            asyncio.create_task(append(studio, id_, f"Turn {n}", externalId="wamid.1"))
            for n in range(3)
        ]
        await studio.api.wait_for_blocked_queries(3)
    answers = await asyncio.gather(*requests)

    assert sorted(answer.status_code for answer in answers) == [200, 200, 201]
    assert len({answer.text for answer in answers}) == 1
    found = (await studio.staff.get(f"{studio.path}/conversations/{id_}")).json()
    assert (found["turnCount"], len(found["transcript"])) == (1, 1)


async def test_pages_from_either_end(studio: TenantTeam):
    """Positions ascend from the oldest and descend from the newest."""
    turns = [{"author": "AGENT", "text": f"{n}"} for n in range(5)]
    id_ = (await create(studio, turns=turns))["id"]
    path = f"{studio.path}/conversations/{id_}/turns"

    async def positions(order: str) -> list[list[int]]:
        pages: list[list[int]] = []
        cursor = ""
        while True:
            page = (await studio.staff.get(f"{path}?take=2&order={order}{cursor}")).json()
            pages.append([turn["position"] for turn in page["items"]])
            if not page["nextCursor"]:
                return pages
            cursor = f"&cursor={page['nextCursor']}"

    assert await positions("oldest") == [[1, 2], [3, 4], [5]]
    assert await positions("newest") == [[5, 4], [3, 2], [1]]
    first = (await studio.staff.get(f"{path}?take=2&order=newest")).json()
    answer = await studio.staff.get(f"{path}?take=2&cursor={first['nextCursor']}")
    assert problem(answer) == (422, "invalid_cursor")
    assert (await studio.staff.get(f"{path}?order=middle")).status_code == 422


@pytest.mark.parametrize("number", ["0" * 11 + "9" * 25, "2147483648", "0", "-1", "1.5", "\u0661"])
async def test_a_cursor_holds_a_position(studio: TenantTeam, number: str):
    """A cursor with anything else is refused."""
    id_ = (await create(studio, turns=[{"author": "STAFF", "text": "Hello"}] * 2))["id"]
    path = f"{studio.path}/conversations/{id_}/turns"
    cursor = (await studio.staff.get(f"{path}?take=1")).json()["nextCursor"]

    answer = await studio.staff.get(f"{path}?cursor={moved(cursor, number)}")
    assert problem(answer) == (422, "invalid_cursor")


@pytest.mark.parametrize(
    "at",
    [
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "1999-12-31T23:59:59Z",
    ],
)
async def test_a_turn_at_an_implausible_moment_is_refused(studio: TenantTeam, at: str):
    """It may be neither before 2000 nor in the future, and nothing of it is stored."""
    id_ = (await create(studio))["id"]
    refused = await append(studio, id_, "Hello", at=at)

    assert problem(refused) == (422, "validation_failed")
    assert refused.json()["errors"][0]["field"] == "body.at"
    found = await studio.staff.get(f"{studio.path}/conversations/{id_}")
    assert (found.status_code, found.json()["turnCount"]) == (200, 0)


async def test_a_moment_is_shown_in_utc(studio: TenantTeam):
    """Whatever its offset was."""
    id_ = (await create(studio))["id"]
    made = (await append(studio, id_, "Hello", at="2026-01-01T12:00:00+02:00")).json()
    assert made["createdAt"] == AN_HOUR_AGO


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE "ConversationTurn" SET "createdAt" = '10000-01-01Z'""",
        """UPDATE "ConversationTurn" SET "statusAt" = '10000-01-01Z'""",
        """UPDATE "Conversation" SET "lastTurnAt" = '1999-12-31Z'""",
    ],
)
async def test_the_database_refuses_implausible_moments(studio: TenantTeam, change: LiteralString):
    """A moment that no response can show is not stored, whatever code writes it."""
    await create(studio, turns=[{"author": "STAFF", "text": "Hello"}])
    with pytest.raises(RawQueryError, match="check"):
        await studio.api.owner.execute_raw(change)


# Sequences do not roll back, so that the first attempt alone fails.
DEADLOCK_ONCE = """
    CREATE SEQUENCE attempts;
    GRANT USAGE ON SEQUENCE attempts TO PUBLIC;
    CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('public.attempts') = 1 THEN
            RAISE deadlock_detected;
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER "fail once" BEFORE INSERT ON "ConversationTurn"
    FOR EACH ROW EXECUTE FUNCTION fail_once();
"""


async def test_an_append_survives_a_deadlock(studio: TenantTeam):
    """It is tried again when PostgreSQL ends it in favour of another transaction."""
    id_ = (await create(studio))["id"]
    run_sql(studio.api.app.state.settings.database_url, DEADLOCK_ONCE)

    assert (await append(studio, id_, "Hello")).status_code == 201
    assert await studio.api.owner.conversationturn.count() == 1


# Rows of other conversations too, so that PostgreSQL prefers an index.
MANY_TURNS = """
    INSERT INTO "Conversation" (id, "tenantId", channel, "turnCount", transcript)
    SELECT md5('c' || n)::uuid, '{tenant}', 'EMAIL', n, (
        SELECT jsonb_agg(jsonb_build_object('text', 'Text', 'position', p))
        FROM generate_series(1, 10) AS p
    ) FROM unnest(ARRAY[{lengths}]) AS n;
    INSERT INTO "ConversationTurn" (
        id, "tenantId", "conversationId", position, author, text, "externalId"
    )
    SELECT gen_random_uuid(), '{tenant}', md5('c' || n)::uuid, p, 'STAFF', 'Text', n || '-' || p
    FROM unnest(ARRAY[{lengths}]) AS n, generate_series(1, n) AS p;
    INSERT INTO "Conversation" (id, "tenantId", channel)
    SELECT gen_random_uuid(), '{tenant}', 'EMAIL' FROM generate_series(1, 5000);
"""
LENGTHS = (10, 1_000, 10_000)
# Blocks of tables and indexes that an append may touch; the turns alone fill hundreds.
MOST_BLOCKS = 150


def id_of_conversation(length: int) -> str:
    """Return the id that PostgreSQL computes as md5('c10')::uuid."""
    digest = hashlib.md5(f"c{length}".encode(), usedforsecurity=False)
    return str(uuid.UUID(digest.hexdigest()))


async def test_an_append_costs_the_same_however_long_the_conversation_is(studio: TenantTeam):
    """It reads neither turns nor more blocks of a conversation with 10,000 turns."""
    settings = studio.api.app.state.settings
    sql = MANY_TURNS.format(tenant=studio.id, lengths=",".join(map(str, LENGTHS)))
    run_sql(settings.database_url, sql, "VACUUM ANALYZE")

    for mode, length in itertools.product(("force_custom_plan", "force_generic_plan"), LENGTHS):
        turn = {
            "place": 0,
            "id": new_uuid7(),
            "conversation": id_of_conversation(length),
            "author": "STAFF",
            "text": "New",
            "externalId": f"new-{length}-{mode}",
            "at": AN_HOUR_AGO,
        }
        plan = explained(
            settings.app_database_url,
            f"SELECT set_config('tenantry.tenant', '{studio.id}', false)",
            f"SET plan_cache_mode = {mode}",
            f"PREPARE statement AS {APPEND}",
            "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
            f"EXECUTE statement('{studio.id}', '[{json.dumps(turn)}]')",
        )
        assert plan["Actual Rows"] == 1
        scans = [
            node
            for node in nodes(plan)
            if "Relation Name" in node and node["Node Type"].endswith("Scan")
        ]
        assert all(node["Node Type"].startswith("Index") for node in scans), described(plan)
        assert sum(node["Actual Rows"] * node["Actual Loops"] for node in scans) == 1
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= MOST_BLOCKS
