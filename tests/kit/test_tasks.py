"""Tasks are cancelled until they end."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from app import db
from app.kit.tasks import cancel_and_wait
from app.settings import Settings, load
from tests.fix_service import SECRET_KEY


async def _swallow_cancellations(count: int) -> None:
    for _ in range(count):
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(timedelta(hours=1).total_seconds())
    await asyncio.sleep(timedelta(hours=1).total_seconds())


async def test_a_task_that_swallows_a_cancellation_ends(monkeypatch: pytest.MonkeyPatch):
    """It is cancelled again until it ends; tasks that ended or failed before do no harm."""
    monkeypatch.setattr("app.kit.tasks._RETRY_SECONDS", 0.01)

    async def fail() -> None:
        raise ValueError

    tasks = [
        asyncio.create_task(_swallow_cancellations(0)),
        asyncio.create_task(_swallow_cancellations(3)),
        asyncio.create_task(fail()),
    ]
    await asyncio.sleep(0)
    await asyncio.wait_for(cancel_and_wait(tasks), 10)

    assert all(task.done() for task in tasks)


async def test_disconnecting_ends_however_often_the_connecting_task_has_to_be_cancelled(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """A library that swallows the first cancellation does not keep the service from stopping."""
    monkeypatch.setattr("app.kit.tasks._RETRY_SECONDS", 0.01)
    monkeypatch.setattr(db, "FIRST_ATTEMPT", 0.01)

    async def prepare(_: Settings) -> None:
        await _swallow_cancellations(1)

    monkeypatch.setattr(db, "prepare", prepare)
    settings = load({"SECRET_KEY": SECRET_KEY}, env_file=tmp_path / "no.env", data=tmp_path)
    await db.connect(settings)
    assert db.is_connecting()

    await asyncio.wait_for(db.disconnect(), 10)

    assert not db.is_connecting()
