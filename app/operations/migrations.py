"""Bring the database up to date before the service starts, without Node when nothing is pending."""

import asyncio
import subprocess
import sys
from pathlib import Path

from app import db
from app.kit.errors import OperatorError
from app.settings import ROOT, Settings


class MigrationError(OperatorError):
    """`prisma migrate deploy` failed; it has printed why."""


def bring_up_to_date(settings: Settings) -> None:
    """Apply pending migrations; print what is done. Raise MigrationError if that fails.

    `prisma migrate deploy` takes two seconds of CPU even when it has nothing to do, so it runs
    only if the database does not have exactly the migrations of the folder.
    """
    # If it cannot be read, the `prisma` command says why, in the words that its users know.
    history = asyncio.run(db.read_history(settings))
    if history is not None and history.is_current:
        _say(f"The database has all {len(history.folder)} migrations.")
        return
    _say("Applying migrations ...")
    deploy()


def deploy() -> None:
    """Run `prisma migrate deploy`; raise MigrationError if it fails."""
    command = [Path(sys.executable).with_name("prisma"), "migrate", "deploy"]
    done = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603 - this environment's own
    if done.returncode:
        raise MigrationError("The migrations could not be applied; see above.")


def _say(text: str) -> None:
    print(f"tenantry: {text}", flush=True)
