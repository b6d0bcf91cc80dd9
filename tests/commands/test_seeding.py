"""Demo data: complete, usable through HTTP, the same after a second run, refused in production."""

from collections.abc import Callable
from typing import Any

import pytest

from app.accounts.seed import PASSWORD, PEOPLE
from app.commands import seeding
from app.settings import Settings, load
from app.workspaces.seed import INVITATION_TOKEN
from tests.fix_api import Api
from tests.fix_service import SECRET_KEY, run_tenantry

TABLES = (
    "User",
    "Workspace",
    "WorkspaceMember",
    "Organization",
    "OrganizationMember",
    "Invitation",
    "AuditEvent",
    "Session",
)


@pytest.fixture
def settings() -> Settings:
    return load({"SECRET_KEY": SECRET_KEY})


async def rows(api: Api) -> dict[str, list[dict[str, Any]]]:
    """Return everything that seeding writes, as the database has it."""
    return {
        table: await api.owner.query_raw(f'SELECT * FROM "{table}" ORDER BY id')  # pyright: ignore[reportArgumentType]  # names of our own
        for table in TABLES
    }


async def test_a_second_run_changes_nothing(api: Api, settings: Settings):
    """It adds, removes and changes no row."""
    await seeding.seed(api.owner, settings)
    first = await rows(api)
    await seeding.seed(api.owner, settings)

    assert await rows(api) == first
    assert all(first.values()), "each of these tables has demo data"


async def test_everybody_can_log_in(api: Api, settings: Settings):
    """The printed password works, and the service would let a user choose it."""
    seeded = await seeding.seed(api.owner, settings)

    assert PASSWORD in seeding.report(seeded, settings)
    for key in PEOPLE:
        assert (await api.log_in(f"{key}@example.com", PASSWORD)).status_code == 200
    body = {"email": "x@example.com", "password": PASSWORD}
    assert (await api.anonymous.post("/v1/auth/sign-up", json=body)).status_code == 202


async def test_the_printed_token_works(api: Api, settings: Settings):
    """Its user sees their workspaces, with members of each role and the trail."""
    seeded = await seeding.seed(api.owner, settings)
    assert seeded.token in seeding.report(seeded, settings)
    olivia = api.client(seeded.token)

    # What one transaction creates has one moment, so the order of joining says nothing here.
    workspaces = (await olivia.get("/v1/workspaces")).json()["items"]
    moon, sun = sorted(workspaces, key=lambda item: item["name"])
    path = f"/v1/workspaces/{moon['id']}"
    members = (await olivia.get(f"{path}/members")).json()["items"]
    trail = (await olivia.get(f"{path}/audit-events")).json()["items"]

    assert (moon["name"], sun["name"]) == ("Moon Studio", "Sun Studio")
    assert sorted(member["role"] for member in members) == ["admin", "member", "owner"]
    assert sorted(event["action"] for event in trail) == [
        "invitation.created",
        "member.added",
        "member.added",
        "workspace.created",
    ]


async def test_the_organization_has_members_of_each_role(api: Api, settings: Settings):
    """Its trail tells how it was created, and how the others joined."""
    olivia = api.client((await seeding.seed(api.owner, settings)).token)

    (moon,) = (await olivia.get("/v1/organizations")).json()["items"]
    path = f"/v1/organizations/{moon['id']}"
    members = (await olivia.get(f"{path}/members")).json()["items"]
    trail = (await olivia.get(f"{path}/audit-events")).json()["items"]

    assert (moon["name"], moon["role"]) == ("Moon Company", "OWNER")
    assert sorted(member["role"] for member in members) == ["ADMIN", "MEMBER", "OWNER"]
    assert sorted(event["action"] for event in trail) == [
        "invitation.accepted",
        "invitation.accepted",
        "organization.created",
    ]


async def test_the_printed_invitation_can_be_accepted(api: Api, settings: Settings):
    """Its invitee alone can accept it; afterwards nobody is invited again."""
    ivan = api.client((await seeding.seed(api.owner, settings, user="ivan")).token)
    sam = api.client((await seeding.seed(api.owner, settings, user="sam")).token)
    body = {"token": INVITATION_TOKEN}

    assert (await sam.post("/v1/invitations/accept", json=body)).status_code == 404
    assert (await ivan.post("/v1/invitations/accept", json=body)).status_code == 200
    await seeding.seed(api.owner, settings)
    assert await api.owner.invitation.count() == 0


async def test_what_is_missing_comes_back(api: Api, settings: Settings):
    """A deleted user is created again, and joins their workspaces again."""
    await seeding.seed(api.owner, settings)
    await api.owner.user.delete_many(where={"email": "mia@example.com"})
    await seeding.seed(api.owner, settings)

    memberships = await api.owner.workspacemember.find_many(
        where={"user": {"is": {"email": "mia@example.com"}}}
    )
    assert len(memberships) == 2


async def test_production_is_refused(api: Api, settings: Settings):
    """No user with a known password gets into it."""
    production = settings.model_copy(update={"app_env": "production"})

    with pytest.raises(seeding.SeedError, match="production"):
        await seeding.seed(api.owner, production)
    assert await api.owner.user.count() == 0


def test_the_command_prints_a_token_that_curl_can_use(api: Api, database: str):
    """`$(tenantry seed --token)` is one line, the token."""
    done = run_tenantry("seed", "--token", "--user", "mia", DATABASE_URL=database)

    assert done.returncode == 0, done.stderr
    (token,) = done.stdout.splitlines()
    assert api.app.state.tokens.read(token).user


def test_a_database_without_tables_is_named(empty_database: Callable[[], str]):
    """One line says what to run."""
    done = run_tenantry("seed", DATABASE_URL=empty_database())

    assert done.returncode == 1
    assert "prisma migrate deploy" in done.stderr.splitlines()[-1]


def test_an_unknown_user_is_named():
    """Before anything is connected to, with the users that there are."""
    done = run_tenantry("seed", "--user", "nobody", DATABASE_URL="postgresql://a:b@127.0.0.1:1/x")

    assert done.returncode == 1
    assert done.stderr.startswith("tenantry: --user must be one of olivia, ")
