"""The second line of defence: what the service's role reaches when a filter is forgotten."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from prisma import Prisma
from prisma.errors import PrismaError, RawQueryError
from starlette.types import Receive, Scope, Send

from app import roles
from app.main import PROTECTED
from app.scope import ScopeMiddleware, set_scope, use_scope

PASSWORD = "of this test alone"
_PAST = datetime(2020, 1, 1, tzinfo=UTC)
# The service's role may put mail in and look at none.
TABLES = tuple(table for table in PROTECTED if table != "OutboxMail")


@dataclass
class World:
    """Two users, each with a workspace of their own that the other is no member of."""

    client: Prisma
    ann: str
    bob: str
    anns: str
    bobs: str


@pytest.fixture
async def world(owner: Prisma, database: str, role: str) -> AsyncIterator[World]:
    await roles.prepare(owner, role=role, password=PASSWORD)
    made: list[str] = []
    for name in ("ann", "bob"):
        user = await owner.user.create({"email": f"{name}@example.com"})
        workspace = await owner.workspace.create(
            {"id": f"{name}sWorkspace", "name": name, "ownerId": user.id}
        )
        made += [user.id, workspace.id]
        await owner.execute_raw(
            """
            WITH session AS (
                INSERT INTO "Session" (id, "userId", "workspaceId", "expiresAt")
                VALUES (gen_random_uuid(), $1::uuid, $2, now()) RETURNING id
            ), refresh AS (
                INSERT INTO "RefreshToken" (id, hash, "sessionId", "userId", "expiresAt")
                SELECT gen_random_uuid(), $3 || 'refresh', id, $1::uuid, now() FROM session
            ), email AS (
                INSERT INTO "EmailToken" (id, hash, purpose, "userId", email, "expiresAt")
                VALUES (gen_random_uuid(), $3 || 'email', 'reset', $1::uuid, 'e', now())
            ), invitation AS (
                INSERT INTO "Invitation" (id, hash, "workspaceId", email, "expiresAt")
                VALUES (gen_random_uuid(), $3 || 'invitation', $2, 'guest@example.com', now())
            ), throttle AS (
                INSERT INTO "Throttle" VALUES ($3 || 'throttle', 1, now())
            )
            INSERT INTO "AuditEvent" (id, "workspaceId", "actorId", action)
            VALUES (gen_random_uuid(), $2, $1::uuid, 'test')
            """,
            user.id,
            workspace.id,
            name,
        )
    url = roles.login_url(database, role, PASSWORD)
    async with Prisma(use_dotenv=False, datasource={"url": url}) as client:
        yield World(client, ann=made[0], anns=made[1], bob=made[2], bobs=made[3])


async def counts(client: Prisma) -> dict[str, int]:
    """How many rows of each table are to be seen without any filter."""
    found: dict[str, int] = {}
    for table in TABLES:
        rows = await client.query_raw(f'SELECT 1 FROM "{table}"')  # pyright: ignore[reportArgumentType]  # a table of the list above
        if rows:
            found[table] = len(rows)
    return found


async def test_every_table_is_protected_and_asked_here(world: World, owner: Prisma):
    """A new table has policies, stands in its domain's TABLES, and has rows in the world above."""
    found = await owner.query_raw(
        """
        SELECT relname::text AS "name" FROM pg_class JOIN pg_policy ON polrelid = pg_class.oid
        WHERE relkind = 'r' AND relrowsecurity GROUP BY relname
        """
    )
    tables = await owner.query_raw(
        """
        SELECT relname::text AS "name" FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
            AND relname <> '_prisma_migrations'
        """
    )

    assert {row["name"] for row in found} == {row["name"] for row in tables} == set(PROTECTED)
    assert (await counts(owner)).keys() == set(TABLES)


async def test_without_a_scope_there_is_nothing(world: World):
    """A query outside of every scope finds no row of any table."""
    assert await counts(world.client) == {}


async def test_a_user_sees_their_own(world: World):
    """Their account, their workspaces, their sessions; not their workspaces' inner life."""
    with use_scope(user=world.ann):
        assert await counts(world.client) == {
            "User": 1, "Workspace": 1, "WorkspaceMember": 1, "Session": 1, "RefreshToken": 1,
            "EmailToken": 1,
        }  # fmt: skip


async def test_a_request_is_nobodys_until_it_says_whose(world: World):
    """The task that serves it may be another request's still, and goes on when it has ended."""
    seen: list[dict[str, int]] = []

    async def application(_request: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(await counts(world.client))
        set_scope(user=world.ann)
        seen.append(await counts(world.client))

    async def nothing(*_: object) -> Any: ...

    await ScopeMiddleware(application)({}, nothing, nothing)
    nobodys, anns = seen
    assert nobodys == await counts(world.client) == {}
    assert anns["User"] == 1
    with use_scope(user=world.bob, workspace=world.bobs):
        bobs = await counts(world.client)
        await ScopeMiddleware(application)({}, nothing, nothing)
        assert await counts(world.client) == bobs != anns
    assert seen[2:] == [nobodys, anns]


async def test_a_workspace_shows_itself_and_its_people(world: World):
    """Inside a workspace its members, invitations and trail are seen, and no other's."""
    with use_scope(workspace=world.bobs):
        assert await counts(world.client) == {
            "User": 1, "Workspace": 1, "WorkspaceMember": 1, "Invitation": 1, "AuditEvent": 1,
        }  # fmt: skip
        (person,) = await world.client.user.find_many()
        assert person.id == world.bob


@pytest.mark.parametrize(
    ("key", "table"),
    [
        ("bob@example.com", "User"),
        ("bobrefresh", "RefreshToken"),
        ("bobemail", "EmailToken"),
        ("bobinvitation", "Invitation"),
        ("bobthrottle", "Throttle"),
    ],
)
async def test_a_key_shows_what_bears_it(world: World, key: str, table: str):
    """Before it is known who calls, a token or an address shows its own row alone."""
    with use_scope(key=key):
        assert await counts(world.client) == {table: 1}


async def test_what_is_not_seen_cannot_be_changed_or_deleted(world: World, owner: Prisma):
    """Writes without a filter end at the scope's edge."""
    before = await owner.query_raw('SELECT * FROM "Session" ORDER BY id')
    with use_scope(user=world.ann, workspace=world.anns):
        await world.client.workspacemember.update_many(where={}, data={"joinedAt": _PAST})
        await world.client.user.update_many(where={}, data={"name": "changed"})
        await world.client.workspace.update_many(where={}, data={"name": "changed"})
        await world.client.invitation.delete_many()
        await world.client.session.delete_many()
    bob = await owner.user.find_unique_or_raise(
        where={"id": world.bob},
        include={"memberships": True, "workspaces": {"include": {"invitations": True}}},
    )
    assert bob.name is None
    assert bob.memberships is not None
    assert bob.memberships[0].joinedAt != _PAST
    assert bob.workspaces is not None
    assert bob.workspaces[0].name == "bob"
    assert len(bob.workspaces[0].invitations or []) == 1
    after = await owner.query_raw('SELECT * FROM "Session" ORDER BY id')
    assert after == [row for row in before if row["userId"] == world.bob]


FORGED: dict[str, Callable[[World], Awaitable[object]]] = {
    "member": lambda world: world.client.workspacemember.create(
        {"workspaceId": world.bobs, "userId": world.ann}
    ),
    "invitation": lambda world: world.client.invitation.create(
        {"hash": "new", "workspaceId": world.bobs, "email": "e", "expiresAt": _PAST}
    ),
    "event": lambda world: world.client.auditevent.create(
        {"workspaceId": world.bobs, "actorId": world.ann, "action": "forged"}
    ),
    "session": lambda world: world.client.session.create({"userId": world.bob, "expiresAt": _PAST}),
    "workspace": lambda world: world.client.workspace.create(
        {"name": "for Bob", "ownerId": world.bob}
    ),
}


@pytest.mark.parametrize("row", FORGED)
async def test_nothing_is_written_into_another_scope(world: World, row: str):
    """A row that names somebody else's workspace or user is refused."""
    with (
        use_scope(user=world.ann, workspace=world.anns),
        pytest.raises(PrismaError, match="row-level security"),
    ):
        await FORGED[row](world)


async def test_a_row_cannot_be_moved_into_another_scope(world: World):
    """Nor does an update hand a row over."""
    with (
        use_scope(user=world.ann, workspace=world.anns),
        pytest.raises(PrismaError, match="row-level security"),
    ):
        await world.client.execute_raw('UPDATE "Invitation" SET "workspaceId" = $1', world.bobs)


async def test_the_trail_is_append_only(world: World):
    """The service's role may add to the trail; changing or deleting is an error, not a silence."""
    with use_scope(user=world.ann, workspace=world.anns):
        for statement in ('UPDATE "AuditEvent" SET action = $1', 'DELETE FROM "AuditEvent"'):
            with pytest.raises(RawQueryError, match="permission denied"):
                await world.client.execute_raw(statement, *(["x"] if "$1" in statement else []))  # pyright: ignore[reportArgumentType]  # one of two literals


async def test_a_setting_that_is_no_id_shows_nothing(world: World):
    """A scope of nonsense is an error rather than a way in."""
    with use_scope(user="' OR true --"), pytest.raises(PrismaError):
        await world.client.user.find_many()
