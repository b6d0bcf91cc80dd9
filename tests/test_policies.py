"""The second line of defence: what the service's role can read and write without a filter."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import pytest
from prisma import Prisma
from prisma.enums import TenantUserRole
from prisma.errors import PrismaError, RawQueryError
from starlette.types import Receive, Scope, Send

from app.database import protection, roles
from app.database.scope import ScopeMiddleware, set_scope, use_scope
from tests.domains import TENANCIES, Holder, World, policy_rows
from tests.fix_team import create_organization

PASSWORD = "of this test alone"
_PAST = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def world(owner: Prisma, database: str, role: str) -> AsyncIterator[World]:
    await roles.prepare(owner, role=role, password=PASSWORD)
    ann, bob = [await make_holder(owner, name) for name in ("ann", "bob")]
    url = roles.login_url(database, role, PASSWORD)
    async with Prisma(use_dotenv=False, datasource={"url": url}) as client:
        yield World(client, ann, bob)


async def make_holder(owner: Prisma, name: str) -> Holder:
    """Create a user who has one tenancy of each kind, with the rows of all domains."""
    user = await owner.user.create({"email": f"{name}@example.com"})
    workspace = await owner.workspace.create(
        {"id": f"{name}sWorkspace", "name": name, "ownerId": user.id}
    )
    organization = await create_organization(owner, user.id, name)
    project = await owner.project.create({"organizationId": organization.id, "name": name})
    tenant = await owner.tenant.create({"name": name, "domain": f"{name}.example.com"})
    tenant_user = await owner.tenantuser.create(
        {"tenantId": tenant.id, "email": f"{name}@tenant.example.com", "role": TenantUserRole.ADMIN}
    )
    holder = Holder(
        name, user.id, workspace.id, organization.id, project.id, tenant.id, tenant_user.id
    )
    for rows in policy_rows():
        await rows.create(owner, holder)
    return holder


def scope_in(holder: Holder, tenancy: str) -> AbstractContextManager[None]:
    """Enter the scope of a user in their own tenancy of a kind."""
    return use_scope(user=holder.user_in(tenancy), **{tenancy: getattr(holder, tenancy)})


def seen_by(scope: str) -> dict[str, int]:
    """Return what the domains declare that a scope sees: rows by table."""
    return {table: count for rows in policy_rows() for table, count in getattr(rows, scope).items()}


async def tables(client: Prisma) -> list[str]:
    """Return the protected tables that the role may read: the service reads no OutboxMail."""
    rows = await client.query_raw(
        """
        SELECT relname::text AS "name" FROM pg_class
        WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
            AND relname <> ALL ($1::text[]) AND has_table_privilege(oid, 'SELECT')
        """,
        list(protection.PUBLIC_TABLES),
    )
    return [row["name"] for row in rows]


async def counts(client: Prisma) -> dict[str, int]:
    """Return how many rows of each table are visible without any filter."""
    found: dict[str, int] = {}
    for table in await tables(client):
        rows = await client.query_raw(f'SELECT 1 FROM "{table}"')  # pyright: ignore[reportArgumentType]  # the database's own name
        if rows:
            found[table] = len(rows)
    return found


async def test_every_table_is_protected_and_tested_here(world: World, owner: Prisma):
    """A new table has policies, and its domain's `policy_rows` create rows for the tests below."""
    assert await protection.find_unprotected(owner) == ()
    lacking = set(await tables(world.client)) - (await counts(owner)).keys()
    assert not lacking, (
        f"{', '.join(sorted(lacking))}: let `policy_rows` of the tests/NAME/domain.py that owns "
        "the table create a row for each user."
    )


async def test_without_a_scope_there_is_nothing(world: World):
    """A query outside any scope finds no row of any table."""
    assert await counts(world.client) == {}


async def test_a_user_sees_their_own(world: World):
    """A user sees their account, workspaces and sessions, but not what is in those workspaces."""
    with use_scope(user=world.ann.user):
        assert await counts(world.client) == seen_by("seen_by_user")


async def test_a_request_starts_with_an_empty_scope(world: World):
    """Its task may inherit another request's scope, and may outlive the request."""
    seen: list[dict[str, int]] = []

    async def application(_request: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(await counts(world.client))
        set_scope(user=world.ann.user)
        seen.append(await counts(world.client))

    async def nothing(*_: object) -> Any: ...

    await ScopeMiddleware(application)({}, nothing, nothing)
    nobodys, anns = seen
    assert nobodys == await counts(world.client) == {}
    assert anns["User"] == 1
    with use_scope(user=world.bob.user, workspace=world.bob.workspace):
        bobs = await counts(world.client)
        await ScopeMiddleware(application)({}, nothing, nothing)
        assert await counts(world.client) == bobs != anns
    assert seen[2:] == [nobodys, anns]


@pytest.mark.parametrize("tenancy", TENANCIES.values())
async def test_a_tenancy_shows_itself_and_its_people(world: World, tenancy: str):
    """Inside a tenancy its rows are visible besides the user's own, and no other's."""
    own = {} if tenancy == "tenant" else seen_by("seen_by_user")
    with scope_in(world.bob, tenancy):
        assert await counts(world.client) == own | seen_by(f"seen_in_{tenancy}")
        table = world.client.tenantuser if tenancy == "tenant" else world.client.user
        (person,) = await table.find_many()
        assert person.id == world.bob.user_in(tenancy)


@pytest.mark.parametrize("tenancy", TENANCIES.values())
async def test_a_tenancy_shows_nothing_that_belongs_to_its_people_alone(world: World, tenancy: str):
    """Without a user, the scope shows at most its own rows, and no session or token."""
    with use_scope(**{tenancy: getattr(world.bob, tenancy)}):
        shown = await counts(world.client)
    assert shown
    assert shown.items() <= seen_by(f"seen_in_{tenancy}").items()
    assert not shown.keys() & {"TenantUser", "TenantSession", "TenantRefreshToken"}


async def test_a_stranger_in_an_organization_sees_no_project(world: World):
    """A project is visible to whoever has a role in it, and not to everybody in the scope."""
    with use_scope(user=world.ann.user, organization=world.bob.organization):
        assert await world.client.project.find_many() == []


@pytest.mark.parametrize(
    ("key", "table"),
    [item for rows in policy_rows() for item in rows.seen_by_key.items()],
)
async def test_a_key_shows_the_row_that_contains_it(world: World, key: str, table: str):
    """Before the caller is authenticated, a token or an address shows its own row alone."""
    with use_scope(key=key.format(name="bob")):
        assert await counts(world.client) == {table: 1}


@pytest.mark.parametrize(
    ("key", "table"),
    [item for rows in policy_rows() for item in rows.seen_by_key_in_tenant.items()],
)
async def test_a_key_shows_the_row_that_contains_it_in_its_tenant(
    world: World, key: str, table: str
):
    """A token or an address of a tenant's user is one in that tenant, and nothing elsewhere."""
    key = key.format(name="bob")
    with use_scope(tenant=world.bob.tenant):
        known = await counts(world.client)
    with use_scope(tenant=world.bob.tenant, key=key):
        assert await counts(world.client) == {**known, table: 1}
    for elsewhere in (use_scope(key=key), use_scope(tenant=world.ann.tenant, key=key)):
        with elsewhere:
            assert table not in await counts(world.client)


async def test_a_user_of_another_tenant_has_nothing_of_their_own(world: World):
    """Sessions and tokens are of a user in a tenant, whatever the scope's user is elsewhere."""
    with use_scope(user=world.ann.tenant_user, tenant=world.bob.tenant):
        shown = await counts(world.client)
    assert not shown.keys() & {"TenantSession", "TenantRefreshToken", "TenantEmailToken"}


async def test_invisible_rows_cannot_be_changed_or_deleted(world: World, owner: Prisma):
    """Writes without a filter change only rows of the scope."""
    before = await owner.query_raw('SELECT * FROM "Session" ORDER BY id')
    with use_scope(user=world.ann.user, workspace=world.ann.workspace):
        await world.client.workspacemember.update_many(where={}, data={"joinedAt": _PAST})
        await world.client.user.update_many(where={}, data={"name": "changed"})
        await world.client.workspace.update_many(where={}, data={"name": "changed"})
        await world.client.invitation.delete_many()
        await world.client.session.delete_many()
    bob = await owner.user.find_unique_or_raise(
        where={"id": world.bob.user},
        include={"memberships": True, "workspaces": {"include": {"invitations": True}}},
    )
    assert bob.name is None
    assert bob.memberships is not None
    assert bob.memberships[0].joinedAt != _PAST
    assert bob.workspaces is not None
    assert bob.workspaces[0].name == "bob"
    assert len(bob.workspaces[0].invitations or []) == 1
    after = await owner.query_raw('SELECT * FROM "Session" ORDER BY id')
    assert after == [row for row in before if row["userId"] == world.bob.user]


FORGED = {name: forge for rows in policy_rows() for name, forge in rows.forged.items()}


@pytest.mark.parametrize("row", FORGED)
async def test_nothing_is_written_into_another_scope(world: World, row: str):
    """The database refuses a row that names another tenancy or user."""
    with (
        use_scope(
            user=world.ann.user,
            workspace=world.ann.workspace,
            organization=world.ann.organization,
            tenant=world.ann.tenant,
        ),
        pytest.raises(PrismaError, match="row-level security"),
    ):
        await FORGED[row](world)


async def test_a_row_cannot_be_moved_into_another_scope(world: World):
    """The database refuses an update that gives a row to another workspace."""
    with (
        use_scope(user=world.ann.user, workspace=world.ann.workspace),
        pytest.raises(PrismaError, match="row-level security"),
    ):
        await world.client.execute_raw(
            'UPDATE "Invitation" SET "workspaceId" = $1', world.bob.workspace
        )


async def test_the_trail_is_append_only(world: World):
    """The service's role may add to the trail; an update or a deletion is an error."""
    with use_scope(user=world.ann.user, workspace=world.ann.workspace):
        for statement in ('UPDATE "AuditEvent" SET action = $1', 'DELETE FROM "AuditEvent"'):
            with pytest.raises(RawQueryError, match="permission denied"):
                await world.client.execute_raw(statement, *(["x"] if "$1" in statement else []))  # pyright: ignore[reportArgumentType]  # one of two literals


async def test_an_invalid_scope_shows_nothing(world: World):
    """A scope that is no id is an error."""
    with use_scope(user="' OR true --"), pytest.raises(PrismaError):
        await world.client.user.find_many()


async def test_a_scope_is_whatever_the_role_says(world: World):
    """Policies stop a forgotten filter, not SQL injection; see docs/decisions."""
    with use_scope(user=world.ann.user):
        row = await world.client.query_first(
            """
            SELECT set_config('tenantry.user', $1, true) AS "scope",
                (SELECT json_agg(id) FROM "User") AS "found"
            """,
            world.bob.user,
        )

        assert row["found"] == [world.bob.user]
        # No scope gives the role rights that it lacks, and the next query is in Ann's scope again.
        assert [user.id for user in await world.client.user.find_many()] == [world.ann.user]
        with pytest.raises(RawQueryError, match="permission denied"):
            await world.client.query_raw('SELECT * FROM "OutboxMail"')


async def test_functions_of_the_owner_have_a_search_path(owner: Prisma):
    """A function that runs as the owner finds its tables, not those that a caller puts before."""
    found = await owner.query_raw(
        """
        SELECT proname::text AS "name" FROM pg_proc
        WHERE prosecdef AND pronamespace = current_schema()::regnamespace
            AND NOT EXISTS (SELECT FROM unnest(proconfig) AS "set" WHERE "set" LIKE 'search_path=%')
        """
    )
    assert found == []
