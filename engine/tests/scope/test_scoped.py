"""Which settings a query runs with."""

import asyncio
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import pytest

from prisma_wasm import scoped

from .acting import as_user, owners, pid, setting
from .conftest import Connect


async def test_policies_see_the_setting(single: Any) -> None:
    """Each user has their own rows, and nobody has none."""
    with as_user("ada"):
        assert await owners(single) == ["ada"]
    assert await owners(single) == []
    with as_user("ben"):
        assert await owners(single) == ["ben"]


async def test_the_role_obeys_policies(single: Any, prisma: Any) -> None:
    """A row of somebody else's cannot be written."""
    with as_user("ada"), pytest.raises(prisma.errors.PrismaError, match="row-level security"):
        await single.note.create(data={"owner": "ben", "text": "not mine"})


async def test_all_ways_to_query(single: Any) -> None:
    """Models, raw queries, batches, nested writes and transactions run inside."""
    with as_user("ada"):
        assert await single.execute_raw('UPDATE "Note" SET text = text || 0') == 2
        assert await single.query_raw('SELECT owner FROM "Note"') == [{"owner": "ada"}] * 2
        nested = {"create": [{"owner": "ada", "text": "line"}]}
        await single.note.create(data={"owner": "ada", "text": "new", "lines": nested})
        async with single.batch_() as batch:
            batch.note.create(data={"owner": "ada", "text": "batched"})
            batch.note.delete_many(where={"text": "new"})
        async with single.tx() as tx:
            assert await tx.note.count() == 3
        assert await single.note.create_many(data=[{"owner": "ada", "text": "many"}]) == 1
    assert await single.note.count() == 0


async def test_a_batch_runs_where_it_is_committed(single: Any) -> None:
    """Not where its queries were named."""
    batch = single.batch_()
    with as_user("ada"):
        batch.execute_raw('UPDATE "Note" SET text = text || 0')
    await batch.commit()
    with as_user("ada"):
        assert await single.note.count(where={"text": {"endswith": "0"}}) == 0


async def test_blocks_in_blocks(single: Any) -> None:
    """The inner block adds and overrides; after it the outer one holds again."""
    with scoped({"app.user_id": "ada", "app.workspace_id": "w"}):
        with scoped({"APP.User_Id": "ben", "app.role": "admin"}):
            assert await owners(single) == ["ben"]
            assert await setting(single, "app.workspace_id") == "w"
            assert await setting(single, "app.role") == "admin"
        assert await owners(single) == ["ada"]
        assert await setting(single, "app.role") == ""
        for empty in (None, ""):
            with as_user(empty):
                assert await owners(single) == []
                assert await setting(single, "app.workspace_id") == "w"
    assert await setting(single, "app.workspace_id") == ""


async def test_tasks_inherit_and_keep(connect: Connect) -> None:
    """A task has the scope of the place where it was started, also after that has ended."""
    db = await connect(connection_limit=2)

    async def later(gate: asyncio.Event) -> list[str]:
        await gate.wait()
        return await owners(db)

    gate = asyncio.Event()
    tasks: list[asyncio.Task[list[str]]] = []
    for name in ("ada", "ben", None):
        with as_user(name):
            tasks.append(asyncio.create_task(later(gate)))
    gate.set()
    assert await asyncio.gather(*tasks) == [["ada"], ["ben"], []]


async def test_settings_that_are_any_text(single: Any) -> None:
    """Values are never part of SQL."""
    value = "'; RESET ALL; -- \\ \" $1 ünïcödé 🐘\n"
    with as_user(value):
        assert await setting(single) == value


async def test_an_empty_setting_beats_a_default(connect: Connect) -> None:
    """What the URL's options set comes back outside of a scope, and stays away inside."""
    db = await connect(connection_limit=1, options="-c%20app.user_id%3Dben")
    for _ in range(2):
        assert await owners(db) == ["ben"]
        with as_user(None):
            assert await owners(db) == []
        with as_user("ada"):
            assert await owners(db) == ["ada"]


async def test_two_clients(connect: Connect) -> None:
    """A scope holds for every client that is used inside."""
    one, other = await connect(connection_limit=1), await connect(connection_limit=1)
    with as_user("ada"):
        assert await owners(one) == await owners(other) == ["ada"]
    assert await pid(one) != await pid(other)


async def test_an_async_client_used_from_threads(single: Any) -> None:
    """A thread has no scope of its own unless it is given one."""
    found: list[object] = []
    loop = asyncio.get_running_loop()

    def ask() -> None:
        found.append(asyncio.run_coroutine_threadsafe(owners(single), loop).result(20))

    def in_thread(target: Callable[[], object]) -> None:
        thread = threading.Thread(target=target)
        thread.start()
        thread.join(20)

    with as_user("ada"):
        context = copy_context()
        await asyncio.to_thread(ask)
        await asyncio.to_thread(lambda: in_thread(lambda: context.run(ask)))
    assert found == [["ada"], ["ada"]]


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"user_id": "x"}, ValueError, "of the form `prefix.name`, not 'user_id'"),
        ({"search_path": "x"}, ValueError, "must be `transaction_read_only`, or of the form"),
        ({"transaction_isolation": "serializable"}, ValueError, "not 'transaction_isolation'"),
        ({"transaction_deferrable": "on"}, ValueError, "not 'transaction_deferrable'"),
        (
            {"default_transaction_read_only": "on"},
            ValueError,
            "not 'default_transaction_read_only'",
        ),
        ({"transaction_read_only": "off"}, ValueError, "can only be 'on', not 'off'"),
        ({"transaction_read_only": "ON"}, ValueError, "can only be 'on', not 'ON'"),
        ({"transaction_read_only": ""}, ValueError, "can only be 'on', not ''"),
        ({"transaction_read_only": None}, ValueError, "can only be 'on', not None"),
        ({"Transaction_Read_Only": True}, ValueError, "`Transaction_Read_Only` can only be 'on'"),
        ({"app.user id": "x"}, ValueError, "of the form"),
        ({"app.": "x"}, ValueError, "of the form"),
        ({"app.1": "x"}, ValueError, "of the form"),
        ({"app.a\n": "x"}, ValueError, "of the form"),
        ({"app.ä": "x"}, ValueError, "of the form"),
        ({"app.a', 'b": "x"}, ValueError, "of the form"),
        ({1: "x"}, TypeError, "name must be a str, not int"),
        ({"app.a": 1}, TypeError, "`app.a` must be a str, not int"),
        ({"app.a": b"x"}, TypeError, "must be a str, not bytes"),
        ({"app.a": "x\0"}, ValueError, "no text"),
        ({"app.a": "\ud800"}, ValueError, "no text"),
        ({"app.a": "x", "App.A": "y"}, ValueError, "twice"),
    ],
)
def test_what_is_no_setting(settings: Any, error: type[Exception], words: str) -> None:
    """It is refused where it is written, with what is wrong with it."""
    with pytest.raises(error, match=words.replace("(", r"\(")):
        scoped(settings)


async def test_what_the_server_refuses(single: Any, prisma: Any) -> None:
    """A setting that PostgreSQL will not have is the error of the query, and of no later one."""
    await single.execute_raw("DO 'BEGIN END'")  # loads PL/pgSQL, whose settings are its own
    with (
        scoped({"plpgsql.nothing": "x", "app.user_id": "ada"}),
        pytest.raises(prisma.errors.PrismaError, match="invalid configuration parameter"),
    ):
        await single.note.count()
    assert await setting(single) == ""
    with as_user("ada"):
        assert await owners(single) == ["ada"]


def test_a_block_is_entered_once() -> None:
    """Two tasks in one block would end each other's."""
    block = as_user("ada")
    with block, pytest.raises(RuntimeError, match="entered once"):
        block.__enter__()


def test_a_block_ends_where_it_began() -> None:
    """Ending it elsewhere would leave it in force."""
    block = as_user("ada")
    copy_context().run(block.__enter__)
    with pytest.raises(RuntimeError, match="in which it began"):
        block.__exit__(None, None, None)
