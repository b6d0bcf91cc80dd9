"""What goes on beside the requests, as the tables' owner: mail is sent, what expired is swept."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from prisma import Prisma

from app import db, mail, sweeps
from app.settings import Settings

log = logging.getLogger(__name__)

_PAUSE = 3.0  # seconds, after a failure


@asynccontextmanager
async def background_tasks(settings: Settings) -> AsyncGenerator[None]:
    """Both go on while the block runs, through whatever the database and the mail server do."""
    tasks = [
        asyncio.create_task(_keep_running(settings, "mail", mail.Sender(settings).run)),
        asyncio.create_task(
            _keep_running(
                settings,
                "sweeps",
                partial(_sweep, settings),
                rest=sweeps.EVERY.total_seconds(),
            )
        ),
    ]
    try:
        yield
    finally:
        pending = set(tasks)
        while pending:  # a library on the way may swallow a cancellation, so more than once
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=1)


async def _keep_running(
    settings: Settings,
    name: str,
    work: Callable[[Prisma], Awaitable[None]],
    *,
    rest: float = _PAUSE,
) -> None:
    said = ""
    while True:
        pause = _PAUSE
        try:
            async with db.owner_client(settings) as owner:
                await work(owner)
            said, pause = "", rest
        except db.NoConnection as error:
            if str(error) != said:
                said = str(error)
                log.warning("No database for %s, trying on: %s", name, error)
        except Exception:
            log.exception("%s failed, trying on", name)
        await asyncio.sleep(pause)


async def _sweep(settings: Settings, owner: Prisma) -> None:
    swept = await sweeps.sweep(owner, settings)
    if swept and any(swept.values()):
        log.info("Swept: %s", ", ".join(f"{count} {what}" for what, count in swept.items()))
