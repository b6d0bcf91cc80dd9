"""What has expired is deleted: by the service, and by `tenantry sweep`."""

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prisma import Prisma
from prisma.enums import EmailTokenPurpose

from app import background, sweeps
from app.kit.ids import new_uuid7
from app.settings import ROOT, Settings, load
from tests.fix_service import SECRET_KEY, environment

TABLES = ("session", "refreshtoken", "emailtoken", "invitation", "throttle")


async def fill(owner: Prisma) -> None:
    """Of each kind one row that has expired, and one that has not."""
    now = datetime.now(UTC)
    user = await owner.user.create({"email": "ann@example.com"})
    workspace = await owner.workspace.create({"name": "W", "ownerId": user.id})
    for name, end in (("old", now - timedelta(hours=1)), ("new", now + timedelta(hours=1))):
        await owner.session.create({"userId": user.id, "expiresAt": end})
        session = await owner.session.create(
            {"userId": user.id, "expiresAt": now + 2 * sweeps.EVERY}
        )
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
        await owner.invitation.create(
            {"hash": name, "workspaceId": workspace.id, "email": name, "expiresAt": end}
        )
        await owner.throttle.create({"key": name, "count": 1, "resetsAt": end})


async def left(owner: Prisma) -> dict[str, int]:
    return {table: await getattr(owner, table).count() for table in TABLES}


LEFT = {"session": 3, "refreshtoken": 1, "emailtoken": 1, "invitation": 1, "throttle": 1}


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
    """`tenantry sweep` says what it deleted, and deletes nothing else."""
    await fill(owner)
    process = command(database)
    said, complaint = await asyncio.to_thread(process.communicate, timeout=60)

    assert process.returncode == 0, complaint
    assert said.strip() == (
        "Deleted: 1 sessions, 1 refresh tokens, 1 links in mails, 1 invitations, 1 counters, "
        "0 unconfirmed accounts"
    )
    assert await left(owner) == LEFT
    assert await owner.user.count() == await owner.workspace.count() == 1


async def test_the_service_sweeps(owner: Prisma, settings: Settings):
    """It does so when it starts, and from time to time."""
    await fill(owner)
    until = time.monotonic() + 20
    async with background.background_tasks(settings):
        while await left(owner) != LEFT:
            assert time.monotonic() < until
            await asyncio.sleep(0.02)


async def test_one_process_sweeps_at_a_time(owner: Prisma, settings: Settings):
    """Another one leaves it to the first."""
    await fill(owner)
    async with owner.tx() as tx:
        await tx.query_raw("SELECT pg_advisory_xact_lock(hashtext('tenantry'), hashtext('sweep'))")
        assert await sweeps.sweep(owner, settings) is None
    assert await sweeps.sweep(owner, settings) is not None
    assert await left(owner) == LEFT


async def many(owner: Prisma, count: int) -> None:
    """So many sessions that have expired."""
    user = await owner.user.create({"email": "ann@example.com"})
    await owner.execute_raw(
        """
        INSERT INTO "Session" (id, "userId", "expiresAt")
        SELECT gen_random_uuid(), $1::uuid, now() - interval '1 hour' FROM generate_series(1, $2)
        """,
        user.id,
        count,
    )


async def test_what_is_in_use_holds_up_nothing(owner: Prisma, settings: Settings):
    """Of many batches one row is locked by somebody: it alone stays, until the next sweep."""
    await many(owner, 11)
    async with owner.tx() as tx:
        await tx.query_raw('SELECT id FROM "Session" ORDER BY id LIMIT 1 FOR UPDATE')
        swept = await sweeps.sweep(owner, settings, batch=2)

        assert swept is not None
        assert swept["sessions"] == 10
    assert await owner.session.count() == 1
    assert await sweeps.sweep(owner, settings, batch=2)
    assert await owner.session.count() == 0


async def test_a_sweep_that_is_killed_has_done_what_it_did(
    owner: Prisma, database: str, settings: Settings
):
    """Killed in its second batch: the first one stays done, and the next sweep does the rest."""
    await many(owner, 2 * sweeps.BATCH + 1)
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
    while (swept := await sweeps.sweep(owner, settings)) is None:  # until the server has noticed
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
    """An account that was changed so many days ago."""
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
    """They go after a month, unless a link still works or something hangs on them."""
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
async def test_events_are_kept_as_long_as_is_said(
    owner: Prisma, database: str, tmp_path: Path, retention: str
):
    """For AUDIT_DAYS, or for ever."""
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
