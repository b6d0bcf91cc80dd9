"""The second line of defence: what the database refuses, whatever the service does."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prisma import Json, Prisma
from prisma.enums import ImpersonationMode
from prisma.errors import PrismaError

from app.database import protection
from app.database.scope import set_scope, use_scope
from app.impersonation import credentials
from tests.domains import domains
from tests.fix_api import Api, Person
from tests.fix_impersonation import (
    AnyTeam,
    allow_impersonation,
    grant_capabilities,
    impersonate,
    make_impersonator,
)
from tests.fix_team import Team

_WRITABLE = {table for domain in domains().values() for table in domain.writable_tables}
_REFUSED = "is refused while impersonating"
# Exactly as connect-pg-simple creates it, without triggers: its policy hides it.
_WITHOUT_TRIGGERS = "session"


@pytest.fixture
async def support(api: Api) -> Person:
    return await make_impersonator(api, "support")


@pytest.fixture
async def prisma(api: Api) -> Prisma:
    """Return the service's client, as the service's role."""
    from app.db import prisma

    return prisma


async def insert(client: Prisma, team: AnyTeam, support: Person, **changes: Any) -> None:
    """Insert an impersonation of the member, without asking the rules."""
    now = datetime.now(UTC)
    place = "workspaceId" if isinstance(team, Team) else "organizationId"
    row: Any = {
        "impersonatorId": support.id,
        "impersonatorSessionId": support.session,
        "userId": team.member.id,
        place: team.id,
        "reason": "A test of the database.",
        "mode": ImpersonationMode.write,
        "createdAt": now,
        "expiresAt": now + timedelta(minutes=15),
        **changes,
    }
    await client.impersonationsession.create(row)


async def test_the_row_that_the_rules_would_insert(
    any_team: AnyTeam, support: Person, prisma: Prisma
):
    """It is accepted, and has a session of the user; the tests below change one thing each."""
    await allow_impersonation(any_team)
    with use_scope(user=support.id, capability="impersonate"):
        await insert(prisma, any_team, support)
    made = await any_team.api.owner.impersonationsession.find_first_or_raise(
        include={"session": True}
    )
    assert made.session is not None
    assert made.session.userId == any_team.member.id
    assert made.session.expiresAt == made.session.endsAt == made.expiresAt


Change = Callable[[AnyTeam, Person], Awaitable[object]]


async def _withdraw(team: AnyTeam, _: Person) -> None:
    await allow_impersonation(team, allowed=False)


async def _raise_the_member(team: AnyTeam, _: Person) -> None:
    await grant_capabilities(team.api, team.member, "audit.read")


async def _revoke(team: AnyTeam, _: Person) -> None:
    await team.api.owner.userrole.delete_many()


async def _revoke_writing(team: AnyTeam, _: Person) -> None:
    await team.api.owner.rolecapability.delete_many(where={"capabilityName": "impersonate.write"})


@pytest.mark.parametrize("change", [_withdraw, _raise_the_member, _revoke, _revoke_writing])
async def test_the_conditions_hold_in_the_database(
    any_team: AnyTeam, support: Person, prisma: Prisma, change: Change
):
    """Consent, capabilities, and none that the impersonator lacks."""
    await allow_impersonation(any_team)
    await change(any_team, support)
    with (
        use_scope(user=support.id, capability="impersonate"),
        pytest.raises(PrismaError, match="row-level security"),
    ):
        await insert(prisma, any_team, support)


async def test_members_alone_are_impersonated(any_team: AnyTeam, support: Person, prisma: Prisma):
    """Neither a stranger nor a user of another tenancy."""
    await allow_impersonation(any_team)
    stranger = await any_team.api.person("stranger")
    with use_scope(user=support.id, capability="impersonate"), pytest.raises(PrismaError):
        await insert(prisma, any_team, support, userId=stranger.id)


async def test_a_route_must_declare_the_capability(team: Team, support: Person, prisma: Prisma):
    """Holding it is not enough: no other route starts an impersonation by mistake."""
    await allow_impersonation(team)
    for capability in ("", "users.read"):
        with (
            use_scope(user=support.id, capability=capability),
            pytest.raises(PrismaError, match="row-level security"),
        ):
            await insert(prisma, team, support)


async def test_nobody_starts_one_for_somebody_else(team: Team, support: Person, prisma: Prisma):
    """Neither in their name nor with their session; nor for themselves, nor beyond an hour."""
    await allow_impersonation(team)
    other = await make_impersonator(team.api, "other")
    await grant_capabilities(team.api, team.member, "impersonate", "impersonate.write")
    an_hour = datetime.now(UTC) + timedelta(minutes=61)
    with use_scope(user=support.id, capability="impersonate"):
        for changes in (
            {"impersonatorId": other.id},
            {"impersonatorSessionId": other.session},
            {"userId": support.id},
            {"expiresAt": an_hour},
            {"reason": "short"},
        ):
            with pytest.raises(PrismaError):
                await insert(prisma, team, support, **changes)
    assert not await team.api.owner.impersonationsession.count()


async def test_no_chaining(team: Team, support: Person, prisma: Prisma):
    """Whoever acts as somebody who may impersonate starts nothing in their name."""
    await grant_capabilities(team.api, team.member, "impersonate", "impersonate.write")
    member = await impersonate(support, team, team.member, mode="write")
    changes = {
        "impersonatorId": member.id,
        "impersonatorSessionId": member.session,
        "userId": team.admin.id,
    }
    with (
        use_scope(user=member.id, capability="impersonate"),
        pytest.raises(PrismaError, match="cannot start another one"),
    ):
        await insert(prisma, team, support, **changes)


async def test_no_session_of_somebody_else(team: Team, support: Person, prisma: Prisma):
    """A session for another user begins with an impersonation alone."""
    await allow_impersonation(team)
    with (
        use_scope(user=support.id, workspace=team.id, capability="impersonate"),
        pytest.raises(PrismaError, match="row-level security"),
    ):
        await prisma.session.create({"userId": team.member.id, "expiresAt": datetime.now(UTC)})


async def test_it_is_never_changed(team: Team, support: Person, prisma: Prisma):
    """Neither extended nor turned into one that writes."""
    await impersonate(support, team, team.member)
    for user in (support.id, team.member.id):
        with (
            use_scope(user=user, capability="impersonate"),
            pytest.raises(PrismaError, match="permission denied"),
        ):
            await prisma.impersonationsession.update_many(
                where={}, data={"mode": ImpersonationMode.write}
            )


async def test_events_name_the_impersonator_in_scope(team: Team, support: Person, prisma: Prisma):
    """Nobody's event can hide who acts, or name anybody else."""
    with use_scope(user=team.member.id, workspace=team.id):
        for impersonator in (support.id, None):
            event = {
                "workspaceId": team.id,
                "actorId": team.member.id,
                "impersonatorId": impersonator,
                "action": "test",
                "details": Json({}),
            }
            if impersonator is None:
                set_scope(user=team.member.id, workspace=team.id, impersonator=support.id)
            with pytest.raises(PrismaError, match="row-level security"):
                await prisma.auditevent.create_many(data=[event])  # pyright: ignore[reportArgumentType]  # built above


async def test_every_table_refuses(api: Api):
    """Each has the trigger: against every write, or against deletions alone if it is declared."""
    rows = await api.owner.query_raw(
        """
        SELECT relname::text AS "table",
            coalesce(bit_or(tgtype::int), 0) AS "type"
        FROM pg_class LEFT JOIN pg_trigger
            ON tgrelid = pg_class.oid AND tgname = 'not while impersonating' AND tgenabled = 'O'
        WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
            AND relname <> ALL ($1::text[])
        GROUP BY relname ORDER BY relname
        """,
        [*protection.PUBLIC_TABLES, _WITHOUT_TRIGGERS],
    )
    insert_, delete, update = 4, 8, 16  # the bits of pg_trigger.tgtype
    wrong = [
        row["table"]
        for row in rows
        if row["type"] & (insert_ | delete | update)
        != (delete if row["table"] in _WRITABLE else insert_ | delete | update)
    ]
    assert not wrong, (
        f'{", ".join(wrong)}: the migration that creates a table adds the trigger "not while '
        'impersonating", as docs/adding-a-domain.md says: BEFORE INSERT OR UPDATE OR DELETE, or '
        "BEFORE DELETE alone if `writable_tables` of tests/NAME/domain.py names the table."
    )
    assert {row["table"] for row in rows} >= _WRITABLE


async def test_writes_are_errors_even_if_no_row_is_concerned(team: Team, support: Person):
    """In an impersonation of the service's role as of the owner of the tables; SELECT is not."""
    from app.db import prisma

    tables = await team.api.owner.query_raw(
        """
        SELECT relname::text AS "table" FROM pg_class
        WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
            AND relname <> ALL ($1::text[])
        """,
        [*protection.PUBLIC_TABLES, _WITHOUT_TRIGGERS],
    )
    set_scope(user=team.owner.id, workspace=team.id, impersonator=support.id)
    for row in tables:
        for client in (prisma, team.api.owner):
            with pytest.raises(PrismaError, match=f"{_REFUSED}|permission denied"):
                await client.execute_raw(f'DELETE FROM "{row["table"]}" WHERE false')  # pyright: ignore[reportArgumentType]  # the database's own name
    assert await prisma.workspace.count() == 1


async def test_cookies_are_hidden(api: Api, support: Person, prisma: Prisma):
    """Whoever acts as somebody else neither sees nor changes a web session, even by its key."""
    row: Any = {"sid": "one", "sess": Json({}), "expire": datetime.now(UTC)}
    other: Any = {**row, "sid": "two"}
    await api.owner.websession.create(row)
    with use_scope(key="one"):
        assert await prisma.websession.count() == 1
    set_scope(user=support.id, impersonator=support.id)
    with use_scope(key="one"):
        assert await prisma.websession.count() == 0
        assert await prisma.websession.delete_many() == 0
    with use_scope(key="two"), pytest.raises(PrismaError, match="row-level security"):
        await prisma.websession.create(other)
    assert await api.owner.websession.count() == 1


async def test_the_database_alone_refuses(team: Team, monkeypatch: pytest.MonkeyPatch):
    """With the check of the routes switched off nothing of these changes either."""

    def anything(_: object) -> bool:
        return True

    support = await make_impersonator(team.api, "support")
    owner = await impersonate(support, team, team.owner, mode="write")
    invitation, _ = await team.invited("guest@example.com")
    before = await _rows(team)
    monkeypatch.setattr(credentials, "is_writable_while_impersonating", anything)
    for method, path, body in (
        ("PATCH", "", {"name": "Changed"}),
        ("POST", "/members", {"userId": team.member.id}),
        ("PATCH", f"/members/{team.member.id}", {"role": "admin"}),
        ("POST", "/invitations", {"email": "other@example.com"}),
        ("POST", "/transfer", {"userId": team.admin.id}),
    ):
        with pytest.raises(PrismaError, match=_REFUSED):
            await owner.request(method, team.path + path, json=body)
    assert await _rows(team) == before
    assert invitation


async def _rows(team: Team) -> list[str]:
    tables = ("User", "Workspace", "WorkspaceMember", "Invitation", "WorkspaceTransfer", "Session")
    union = " UNION ALL ".join(
        f'SELECT to_jsonb(t)::text AS row FROM "{name}" AS t' for name in tables
    )
    found = await team.api.owner.query_raw(f"SELECT row FROM ({union}) AS rows ORDER BY row")  # pyright: ignore[reportArgumentType]  # constants
    return [row["row"] for row in found]
