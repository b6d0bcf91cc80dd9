"""What the tests of this folder do with a client, and ask of it."""

import asyncio
from collections.abc import Awaitable, Generator
from contextlib import AbstractContextManager
from typing import Any

from prisma_wasm import scoped


def as_user(name: str | None) -> AbstractContextManager[None]:
    return scoped({"app.user_id": name})


async def setting(db: Any, name: str = "app.user_id") -> str:
    """A setting as the server has it for a query of this client; empty if it has none."""
    row = await db.query_first("SELECT current_setting($1, true) AS value", name)
    return row["value"] or ""


async def owners(db: Any) -> list[str]:
    """Whose notes a query of this client sees."""
    return sorted({note.owner for note in await db.note.find_many()})


async def pid(db: Any) -> int:
    """The server's process behind a client's connection."""
    row = await db.query_first("SELECT pg_backend_pid() AS pid")
    return row["pid"]


async def assert_nothing_leaks(db: Any) -> None:
    """Nobody has nothing, and two users have what is theirs, in settings and in rows."""
    assert (await setting(db), await owners(db)) == ("", [])
    for name in ("ben", "ada"):
        with as_user(name):
            assert (await owners(db), await setting(db)) == ([name], name)
    assert (await owners(db), await setting(db)) == ([], "")


async def cancelled_at(turn: int, work: Awaitable[Any], *, after: bool) -> bool:
    """Cancel work where it waits for the n-th time; false if it did not wait so often.

    It is cancelled while it waits, or when what it waits for is there but nobody has looked yet.
    """
    task = asyncio.ensure_future(_Stepped(turn, work, after=after).run())
    await asyncio.wait([task], timeout=20)
    assert task.done(), "it hangs"
    if task.cancelled():
        return True
    task.result()
    return False


class _Stepped:
    """Work that cancels the task which runs it."""

    def __init__(self, turn: int, work: Awaitable[Any], *, after: bool) -> None:
        self._left = turn
        self._work = work
        self._after = after
        self._task: asyncio.Task[Any] | None = None

    def _cancel(self, _: object = None) -> None:
        assert self._task is not None
        self._task.cancel()

    async def run(self) -> Any:
        self._task = asyncio.current_task()
        return await self

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._work.__await__()
        thrown: BaseException | None = None
        while True:
            try:
                awaited = steps.send(None) if thrown is None else steps.throw(thrown)
            except StopIteration as end:
                return end.value
            self._left -= 1
            if self._left == 0:
                if self._after and awaited is not None:
                    awaited.add_done_callback(self._cancel)
                else:
                    self._cancel()
            thrown = None
            try:
                yield awaited
            except BaseException as error:
                thrown = error
