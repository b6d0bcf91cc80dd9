"""Random programs of several tasks on a small pool: each query has its own place's settings."""

# ruff: noqa: S311 - no secrets are made here

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Any

import pytest

from prisma_wasm import scoped

from .acting import owners, setting
from .conftest import Connect

_SHORT, _FULL = 2, 30
_TASKS, _STEPS, _CONNECTIONS = 10, 40, 3
_NAMES = ("app.user_id", "app.workspace_id")
_USERS = ("ada", "ben", "")
_JUNK = (
    "SET app.user_id = 'ben'",
    "SELECT set_config('app.user_id', 'ada', false)",
    "SELECT set_config('app.workspace_id', 'x', true)",
    "RESET ALL",
    "DISCARD ALL",
    "SET ROLE pg_read_all_data",
    "BEGIN",
    "DO $$ BEGIN PERFORM set_config('app.user_id', 'ben', false); END $$",
    "SELECT 1 / 0",
)
_WAIT = timedelta(seconds=60)

Scope = dict[str, str]
Act = Callable[[Scope, int], Coroutine[Any, Any, None]]


class _Program:
    """What one task does; it knows in which scope it is, and compares."""

    def __init__(self, db: Any, choices: random.Random, errors: Any, *, raw: bool) -> None:
        self._db = db
        self._choices = choices
        self._error: type[Exception] = errors.PrismaError
        self._acts: list[Act] = [
            self._look, self._look, self._nest, self._spawn, self._commit, self._give_up,
            self._batch, self._cancel,
        ]  # fmt: skip
        if raw:
            self._acts.append(self._junk)

    async def run(self, scope: Scope, steps: int) -> None:
        for _ in range(steps):
            await self._choices.choice(self._acts)(scope, steps)

    async def _look(self, scope: Scope, _: int) -> None:
        await self._compare(self._db, scope)

    async def _compare(self, db: Any, scope: Scope) -> None:
        name = self._choices.choice(_NAMES)
        assert await setting(db, name) == scope.get(name, "")
        user = scope.get("app.user_id")
        assert await owners(db) == ([user] if user else [])

    def _inner(self, scope: Scope, stack: ExitStack) -> Scope:
        added = {
            name: self._choices.choice(_USERS) for name in _NAMES if self._choices.random() < 0.6
        }
        stack.enter_context(scoped(added))
        return scope | added

    async def _nest(self, scope: Scope, steps: int) -> None:
        with ExitStack() as stack:
            await self.run(self._inner(scope, stack), steps // 4)

    async def _spawn(self, scope: Scope, steps: int) -> None:
        with ExitStack() as stack:
            inner = self._inner(scope, stack)
            task = asyncio.create_task(self.run(inner, steps // 4))
        await self._look(scope, steps)
        await task

    async def _commit(self, scope: Scope, _: int) -> None:
        async with self._db.tx(max_wait=_WAIT, timeout=_WAIT) as tx:
            await self._compare(tx, scope)
            with ExitStack() as stack:
                await self._compare(tx, self._inner(scope, stack))
            await self._compare(tx, scope)

    async def _give_up(self, scope: Scope, _: int) -> None:
        with suppress(ZeroDivisionError):
            async with self._db.tx(max_wait=_WAIT, timeout=_WAIT) as tx:
                with ExitStack() as stack:
                    await self._compare(tx, self._inner(scope, stack))
                if self._choices.random() < 0.5:
                    with suppress(self._error):
                        await tx.execute_raw("SELECT 1 / 0")
                raise ZeroDivisionError

    async def _batch(self, scope: Scope, _: int) -> None:
        async with self._db.batch_() as batch:
            batch.note.update_many(
                where={"owner": scope.get("app.user_id", "")}, data={"mood": "CROSS"}
            )
            batch.execute_raw("SET LOCAL app.user_id = 'ben'")

    async def _cancel(self, scope: Scope, steps: int) -> None:
        with ExitStack() as stack:
            act = self._choices.choice([self._commit, self._look, self._batch, self._give_up])
            task = asyncio.create_task(act(self._inner(scope, stack), 1))
        await asyncio.sleep(self._choices.random() * 0.003)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await self._look(scope, steps)

    async def _junk(self, scope: Scope, steps: int) -> None:
        with suppress(self._error):
            await self._db.execute_raw(self._choices.choice(_JUNK))
        await self._look(scope, steps)


@pytest.mark.parametrize(
    "seed",
    [
        *range(_SHORT),
        *(pytest.param(seed, marks=pytest.mark.full) for seed in range(_SHORT, _FULL)),
    ],
)
async def test_each_query_has_its_own(connect: Connect, prisma: Any, mode: str, seed: int) -> None:
    """Scopes, tasks, transactions, batches, errors, cancellations and raw statements at random."""
    db = await connect(connection_limit=_CONNECTIONS, pool_timeout=60, session_settings=mode)
    # Where sessions are shared nobody can take a raw SET back: it is not for there.
    programs = [
        _Program(db, random.Random(f"{seed} {task}"), prisma.errors, raw=mode == "true")
        for task in range(_TASKS)
    ]
    async with asyncio.timeout(120):
        await asyncio.gather(*(program.run({}, _STEPS) for program in programs))
