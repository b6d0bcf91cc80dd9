"""Background work as the owner of the tables: send mail, import files, delete expired rows."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from prisma import Prisma
from prisma.errors import PrismaError

from app import db, imports, mail
from app.kit.tasks import cancel_and_wait
from app.operations import readiness, sweeps
from app.settings import Settings

log = logging.getLogger(__name__)

_RETRY_AFTER = 3.0  # seconds after a failure


@asynccontextmanager
async def background_tasks(settings: Settings) -> AsyncGenerator[None]:
    """Run all tasks during the block; they survive outages of the database and the mail server."""
    tasks = [
        asyncio.create_task(_keep_running(settings, "mail", mail.Sender(settings).run)),
        asyncio.create_task(_keep_running(settings, "imports", imports.Worker(settings).run)),
        asyncio.create_task(
            _keep_running(
                settings,
                "sweeps",
                partial(_sweep, settings),
                pause=sweeps.EVERY.total_seconds(),
            )
        ),
    ]
    try:
        yield
    finally:
        await cancel_and_wait(tasks)


async def _keep_running(
    settings: Settings,
    name: str,
    work: Callable[[Prisma], Awaitable[None]],
    *,
    pause: float = _RETRY_AFTER,
) -> None:
    """Run `work` repeatedly, `pause` seconds after a success; log each new fault once."""
    logged = ""
    while True:
        seconds = _RETRY_AFTER
        try:
            async with db.owner_client(settings) as owner:
                await work(owner)
            logged, seconds = "", pause
        except Exception as error:
            fault = _find_database_fault(error)
            if fault is None:
                log.exception("%s failed, trying again", name)
            elif fault != logged:
                logged = fault
                log.warning("No database for %s, trying again: %s", name, fault)
        await asyncio.sleep(seconds)


def _find_database_fault(error: Exception) -> str | None:
    """Say what is wrong with the database, or return None if the work itself failed."""
    if isinstance(error, PrismaError):
        # Readiness logs what to run, once for the whole service.
        return db.one_line(error) if readiness.describe_database_error(error) else None
    return str(error) if isinstance(error, db.NoConnection) else None


async def _sweep(settings: Settings, owner: Prisma) -> None:
    deleted = await sweeps.sweep(owner, settings)
    if deleted and any(deleted.values()):
        counts = ", ".join(f"{count} {name}" for name, count in deleted.items())
        log.info("Deleted what had expired: %s", counts)
