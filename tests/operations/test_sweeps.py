"""Expired rows are deleted by the service and by `tenantry sweep`."""

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prisma import Json, Prisma
from prisma.enums import EmailTokenPurpose, WorkspaceRole

from app.kit.ids import new_uuid7
from app.operations import background, sweeps
from app.settings import ROOT, Settings, load
from tests.fix_service import SECRET_KEY, environment
from tests.fix_team import create_organization

TABLES = (
    "session",
    "websession",
    "refreshtoken",
    "emailtoken",
    "tenantsession",
    "tenantrefreshtoken",
    "tenantemailtoken",
    "invitation",
    "workspacetransfer",
    "organizationtransfer",
    "throttle",
)


async def fill(owner: Prisma) -> None:
    """Create one expired and one valid row of each kind."""
    now = datetime.now(UTC)
    user = await owner.user.create({"email": "ann@example.com"})
    workspace = await owner.workspace.create({"name": "W", "ownerId": user.id})
    for name, end in (("old", now - timedelta(hours=1)), ("new", now + timedelta(hours=1))):
        await owner.session.create({"userId": user.id, "expiresAt": end})
        session = await owner.session.create(
            {"userId": user.id, "expiresAt": now + 2 * sweeps.EVERY}
        )
        await owner.websession.create({"sid": name, "sess": Json({}), "expire": end})
        await owner.refreshtoken.create(
            {"hash": name, "sessionId": session.id, "userId": user.id, "expiresAt": end}
        )
        await owner.emailtoken.create(
            {
                "hash": name,
                "purpose": EmailTokenPurpose.reset,
                "userId": user.id,
                "email": "e",
                "expiresAt": end,
            }
        )
        await fill_tenant(owner, name, end)
        await owner.invitation.create(
            {
                "hash": name,
                "workspaceId": workspace.id,
                "role": WorkspaceRole.member,
                "email": name,
                "expiresAt": end,
            }
        )
        offered = await owner.workspace.create({"name": name, "ownerId": user.id})
        await owner.workspacetransfer.create(
            {"workspaceId": offered.id, "userId": user.id, "expiresAt": end}
        )
        organization = await create_organization(owner, user.id, name)
        await owner.organizationtransfer.create(
            {
                "organizationId": organization.id,
                "offeredById": user.id,
                "userId": user.id,
                "expiresAt": end,
            }
        )
        await owner.throttle.create({"key": name, "count": 1, "resetsAt": end})


async def fill_tenant(owner: Prisma, name: str, end: datetime) -> None:
    """Create rows of a log-in to a tenant that end then, and another session."""
    tenant = await owner.tenant.create({"name": name})
    user = await owner.tenantuser.create({"tenantId": tenant.id, "email": "ann@example.com"})
    later = datetime.now(UTC) + 2 * sweeps.EVERY
    await owner.tenantsession.create(
        {"tenantId": tenant.id, "userId": user.id, "expiresAt": end, "endsAt": end}
    )
    session = await owner.tenantsession.create(
        {"tenantId": tenant.id, "userId": user.id, "expiresAt": later, "endsAt": later}
    )
    await owner.tenantrefreshtoken.create(
        {
            "hash": name,
            "sessionId": session.id,
            "tenantId": tenant.id,
            "userId": user.id,
            "expiresAt": end,
        }
    )
    await owner.tenantemailtoken.create(
        {"hash": name, "tenantId": tenant.id, "userId": user.id, "email": "e", "expiresAt": end}
    )


async def remaining(owner: Prisma) -> dict[str, int]:
    return {table: await getattr(owner, table).count() for table in TABLES}


REMAINING = {
    "session": 3,
    "websession": 1,
    "refreshtoken": 1,
    "emailtoken": 1,
    "tenantsession": 3,
    "tenantrefreshtoken": 1,
    "tenantemailtoken": 1,
    "invitation": 1,
    "workspacetransfer": 1,
    "organizationtransfer": 1,
    "throttle": 1,
}


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return load(
        {"DATABASE_URL": database, "SECRET_KEY": SECRET_KEY, "AUDIT_DAYS": "10"},
        env_file=tmp_path / "no.env",
        data=tmp_path,
    )


def command(database: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [Path(sys.executable).with_name("tenantry"), "sweep"],
        cwd=ROOT,
        env=environment(DATABASE_URL=database),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_the_command_sweeps(owner: Prisma, database: str):
    """`tenantry sweep` reports what it deleted, and deletes nothing else."""
    await fill(owner)
    process = command(database)
    said, complaint = await asyncio.to_thread(process.communicate, timeout=60)

    assert process.returncode == 0, complaint
    assert said.strip() == (
        "Deleted: 1 sessions, 1 web sessions, 1 refresh tokens, 1 links in mails, "
        "1 sessions in tenants, 1 refresh tokens in tenants, 1 links in mails of tenants, "
        "1 invitations, "
        "1 transfers of workspaces, 1 transfers of organizations, 1 counters, "
        "0 imports, 0 interrupted uploads, 0 unconfirmed accounts"
    )
    assert await remaining(owner) == REMAINING
    assert await owner.user.count() == 1
    assert await owner.workspace.count() == 3


async def test_the_service_sweeps(owner: Prisma, settings: Settings):
    """The service sweeps when it starts, and periodically."""
    await fill(owner)
    until = time.monotonic() + 20
    async with background.background_tasks(settings):
        while await remaining(owner) != REMAINING:
            assert time.monotonic() < until
            await asyncio.sleep(0.02)


async def test_one_process_sweeps_at_a_time(owner: Prisma, settings: Settings):
    """A second process leaves the work to the first."""
    await fill(owner)
    async with owner.tx() as tx:
        await tx.query_raw("SELECT pg_advisory_xact_lock(hashtext('tenantry'), hashtext('sweep'))")
        assert await sweeps.sweep(owner, settings) is None
    assert await sweeps.sweep(owner, settings) is not None
    assert await remaining(owner) == REMAINING


async def create_expired_sessions(owner: Prisma, count: int) -> None:
    """Create `count` expired sessions."""
    user = await owner.user.create({"email": "ann@example.com"})
    await owner.execute_raw(
        """
        INSERT INTO "Session" (id, "userId", "expiresAt")
        SELECT gen_random_uuid(), $1::uuid, now() - interval '1 hour' FROM generate_series(1, $2)
        """,
        user.id,
        count,
    )


async def test_locked_rows_delay_nothing(owner: Prisma, settings: Settings):
    """A row that another transaction has locked stays until the next sweep; all others go."""
    await create_expired_sessions(owner, 11)
    async with owner.tx() as tx:
        await tx.query_raw('SELECT id FROM "Session" ORDER BY id LIMIT 1 FOR UPDATE')
        swept = await sweeps.sweep(owner, settings, batch=2)

        assert swept is not None
        assert swept["sessions"] == 10
    assert await owner.session.count() == 1
    assert await sweeps.sweep(owner, settings, batch=2)
    assert await owner.session.count() == 0


async def test_a_killed_sweep_keeps_its_finished_batches(
    owner: Prisma, database: str, settings: Settings
):
    """When a sweep is killed in its second batch, the next sweep deletes what is left."""
    await create_expired_sessions(owner, 2 * sweeps.BATCH + 1)
    for statement in (
        f"""
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF (SELECT count(*) FROM "Session") <= {sweeps.BATCH + 1} THEN
                PERFORM pg_advisory_xact_lock(42);
            END IF;
            RETURN NULL;
        END $$
        """,
        'CREATE TRIGGER wait BEFORE DELETE ON "Session" EXECUTE FUNCTION wait()',
    ):
        await owner.execute_raw(statement)  # pyright: ignore[reportArgumentType]  # a number of ours
    async with owner.tx(timeout=timedelta(minutes=1)) as tx:
        await tx.query_raw("SELECT pg_advisory_xact_lock(42)")
        process = command(database)
        try:
            until = time.monotonic() + 30
            while not (await owner.query_first(WAITING))["waits"]:
                assert time.monotonic() < until
                assert process.poll() is None
                await asyncio.sleep(0.02)
        finally:
            process.kill()
            process.communicate()

    until = time.monotonic() + 30
    while (swept := await sweeps.sweep(owner, settings)) is None:  # the lock is free soon
        assert time.monotonic() < until
        await asyncio.sleep(0.02)
    assert swept["sessions"] == sweeps.BATCH + 1
    assert await owner.session.count() == 0


WAITING = """
    SELECT EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) AS "waits"
"""


async def account(
    owner: Prisma, name: str, *, days: int, confirmed: bool = False, link: bool = False
) -> str:
    """Create an account that was last changed `days` ago; return its id."""
    user = await owner.user.create(
        {
            "email": f"{name}@example.com",
            "updatedAt": datetime.now(UTC) - timedelta(days=days),
            "emailConfirmedAt": datetime.now(UTC) if confirmed else None,
        }
    )
    if link:
        await owner.emailtoken.create(
            {
                "hash": name,
                "purpose": EmailTokenPurpose.confirm,
                "userId": user.id,
                "email": user.email,
                "expiresAt": datetime.now(UTC) + timedelta(days=1),
            }
        )
    return user.id


async def test_accounts_that_were_never_confirmed(owner: Prisma, settings: Settings):
    """They are deleted after a month, unless a link still works or a workspace depends on them."""
    await account(owner, "old", days=31)
    await account(owner, "new", days=29)
    await account(owner, "confirmed", days=31, confirmed=True)
    await account(owner, "link", days=31, link=True)
    has = await account(owner, "owner", days=31)
    workspace = await owner.workspace.create({"name": "W", "ownerId": has})
    member = await account(owner, "member", days=31)
    await owner.workspacemember.create({"workspaceId": workspace.id, "userId": member})

    swept = await sweeps.sweep(owner, settings)

    assert swept is not None
    assert swept["unconfirmed accounts"] == 1
    emails = [user.email.partition("@")[0] for user in await owner.user.find_many()]
    assert sorted(emails) == ["confirmed", "link", "member", "new", "owner"]


@pytest.mark.parametrize("retention", ["10", ""])
async def test_audit_events_are_kept_as_long_as_the_settings_say(
    owner: Prisma, database: str, tmp_path: Path, retention: str
):
    """They are kept for AUDIT_DAYS, or for ever without that setting."""
    for days in (11, 9):
        await owner.auditevent.create(
            {
                "workspaceId": "a" * 15,
                "actorId": new_uuid7(),
                "action": f"done {days} days ago",
                "createdAt": datetime.now(UTC) - timedelta(days=days),
            }
        )
    settings = load(
        {"DATABASE_URL": database, "SECRET_KEY": SECRET_KEY, "AUDIT_DAYS": retention},
        env_file=tmp_path / "no.env",
        data=tmp_path,
    )
    assert await sweeps.sweep(owner, settings) is not None

    kept = [event.action for event in await owner.auditevent.find_many(order={"id": "asc"})]
    assert kept == (["done 9 days ago"] if retention else ["done 11 days ago", "done 9 days ago"])
