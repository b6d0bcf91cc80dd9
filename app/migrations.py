"""Bring the database up to date before the service starts, without Node when nothing is pending."""

import asyncio
import hashlib
import subprocess
import sys
from pathlib import Path

from prisma.errors import PrismaError

from app import db
from app.settings import ROOT, Settings

FOLDER = ROOT / "prisma" / "migrations"

# A migration that failed or was rolled back has no checksum here, so it counts as different.
_APPLIED = """
    SELECT
        migration_name::text AS "name",
        CASE WHEN finished_at IS NOT NULL AND rolled_back_at IS NULL THEN checksum::text END
            AS "checksum"
    FROM _prisma_migrations
"""


class MigrationError(Exception):
    """`prisma migrate deploy` failed; it has printed why."""


def bring_up_to_date(settings: Settings) -> None:
    """Apply pending migrations; print what is done. Raise MigrationError if that fails.

    `prisma migrate deploy` takes two seconds of CPU even when it has nothing to do, so it runs
    only if the database does not have exactly the migrations of the folder.
    """
    expected = _in_folder()
    if asyncio.run(_applied(settings)) == expected:
        _say(f"The database has all {len(expected)} migrations.")
        return
    _say("Applying migrations ...")
    deploy()


def deploy() -> None:
    """Run `prisma migrate deploy`; raise MigrationError if it fails."""
    command = [Path(sys.executable).with_name("prisma"), "migrate", "deploy"]
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603 - this environment's own
    if done.returncode:
        raise MigrationError("The migrations could not be applied; see above.")


def _in_folder() -> list[tuple[str, str]]:
    """Return the name and the checksum of each migration in the repository."""
    return sorted(
        (file.parent.name, hashlib.sha256(file.read_bytes()).hexdigest())
        for file in FOLDER.glob("*/migration.sql")
    )


async def _applied(settings: Settings) -> list[tuple[str, str]] | None:
    """Return what the database has recorded, or None if it cannot be asked.

    The `prisma` command then says what is wrong with the database, in the words that users know.
    """
    try:
        async with db.owner_client(settings) as owner:
            rows = await owner.query_raw(_APPLIED)
    except (db.NoConnection, PrismaError):
        return None
    return sorted((row["name"], row["checksum"] or "") for row in rows)


def _say(text: str) -> None:
    print(f"tenantry: {text}", flush=True)
