"""What has expired is deleted: by the service, and by `tenantry sweep`."""

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prisma import Prisma
from prisma.enums import EmailTokenPurpose

from app import background, sweeps
from app.settings import ROOT, load
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


async def test_the_command_sweeps(owner: Prisma, database: str):
    """`tenantry sweep` says what it deleted, and deletes nothing else."""
    await fill(owner)
    done = await asyncio.to_thread(
        subprocess.run,
        [Path(sys.executable).with_name("tenantry"), "sweep"],
        cwd=ROOT,
        env=environment(DATABASE_URL=database),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == (
        "Deleted: 1 sessions, 1 refresh tokens, 1 links in mails, 1 invitations, 1 counters"
    )
    assert await left(owner) == LEFT
    assert await owner.user.count() == await owner.workspace.count() == 1


async def test_the_service_sweeps(owner: Prisma, database: str, tmp_path: Path):
    """It does so when it starts, and from time to time."""
    await fill(owner)
    settings = load(
        {"DATABASE_URL": database, "SECRET_KEY": SECRET_KEY},
        env_file=tmp_path / "no.env",
        data=tmp_path,
    )
    until = time.monotonic() + 20
    async with background.running(settings):
        while await left(owner) != LEFT:
            assert time.monotonic() < until
            await asyncio.sleep(0.02)


async def test_one_process_sweeps_at_a_time(owner: Prisma):
    """Another one leaves it to the first."""
    await fill(owner)
    async with owner.tx() as tx:
        await tx.query_raw("SELECT pg_advisory_xact_lock(hashtext('tenantry'), hashtext('sweep'))")
        assert await sweeps.sweep(owner) is None
    assert await sweeps.sweep(owner) is not None
    assert await left(owner) == LEFT
