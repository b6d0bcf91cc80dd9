"""Work beside the requests, as the owner of the tables: mail is sent, expired rows are deleted."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from prisma import Prisma

from app import db, mail, sweeps
from app.kit.tasks import cancel_and_wait
from app.settings import Settings

log = logging.getLogger(__name__)

_RETRY_AFTER = 3.0  # seconds after a failure


@asynccontextmanager
async def background_tasks(settings: Settings) -> AsyncGenerator[None]:
    """Run both tasks during the block, through any outage of the database and the mail server."""
    tasks = [
        asyncio.create_task(_keep_running(settings, "mail", mail.Sender(settings).run)),
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
    """Run `work` again and again, `pause` seconds after a success; log each new reason once."""
    logged = ""
    while True:
        seconds = _RETRY_AFTER
        try:
            async with db.owner_client(settings) as owner:
                await work(owner)
            logged, seconds = "", pause
        except db.NoConnection as error:
            if str(error) != logged:
                logged = str(error)
                log.warning("No database for %s, trying again: %s", name, error)
        except Exception:
            log.exception("%s failed, trying again", name)
        await asyncio.sleep(seconds)


async def _sweep(settings: Settings, owner: Prisma) -> None:
    deleted = await sweeps.sweep(owner, settings)
    if deleted and any(deleted.values()):
        counts = ", ".join(f"{count} {name}" for name, count in deleted.items())
        log.info("Deleted what had expired: %s", counts)
