"""How applications connect, share, re-import and end clients."""

import asyncio
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fix_client import GenerateClient, Generated

from .conftest import RunProgram


async def test_connecting_twice_is_an_error_of_its_own(db: Any, prisma: Any) -> None:
    """5.17: `AlreadyConnectedError`, which many applications catch; the client works on."""
    with pytest.raises(prisma.engine.errors.AlreadyConnectedError):
        await db.connect()
    assert await db.user.count() == 0


async def test_is_connected_guards_connect_and_disconnect(prisma: Any, url: str) -> None:
    """The guards that most applications have: before connect(), and before disconnect()."""
    client = prisma.Prisma(datasource={"url": url})
    for _ in range(2):
        if not client.is_connected():
            await client.connect()
    assert await client.user.count() == 0
    for _ in range(2):
        if client.is_connected():
            await client.disconnect()
    await client.disconnect()
    assert not client.is_connected()


async def test_connecting_in_a_task_that_nobody_awaits(prisma: Any, url: str) -> None:
    """`asyncio.create_task(client.connect())`; upstream: not usable before the task is done."""
    client = prisma.Prisma(datasource={"url": url})
    task = asyncio.create_task(client.connect())
    with pytest.raises(prisma.errors.ClientNotConnectedError):
        await client.user.count()
    await task
    assert await client.user.count() == 0
    await client.disconnect()


@pytest.mark.parametrize("how", ["int", "timedelta", "constructor", "old constructor"])
async def test_every_way_to_limit_connecting(prisma: Any, url: str, how: str) -> None:
    """A number is deprecated in favour of a timedelta, and works."""
    options: dict[str, Any] = {"datasource": {"url": url}}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if how == "constructor":
            options["connect_timeout"] = timedelta(seconds=30)
        elif how == "old constructor":
            options["connect_timeout"] = 30
        client = prisma.Prisma(**options)
        if how in ("int", "timedelta"):
            await client.connect(30 if how == "int" else timedelta(seconds=30))
        else:
            await client.connect()
        await client.disconnect(timeout=5 if how == "int" else timedelta(seconds=5))
    deprecated = [str(one.message) for one in caught if one.category is DeprecationWarning]
    assert len(deprecated) == {"int": 2, "old constructor": 1}.get(how, 0), deprecated


async def test_http_options_are_accepted(prisma: Any, url: str) -> None:
    """Upstream hands them to httpx; here is no HTTP, so they change nothing."""
    import httpx

    http = {"timeout": httpx.Timeout(5), "limits": httpx.Limits(max_connections=5), "http2": False}
    for options in (http, {"timeout": None}, {"trust_env": False}, {}):
        async with prisma.Prisma(datasource={"url": url}, http=options) as client:
            assert await client.user.count() == 0


async def test_a_copy_shares_the_connection_pool(db: Any) -> None:
    """`_copy()` is what tx() makes its client with; disposing of a copy closes nothing."""
    copy = db._copy()
    assert copy._engine is db._engine
    assert await copy.user.count() == 0
    del copy
    assert await db.user.count() == 0


def test_a_client_of_a_class_of_the_applications_own(run_program: RunProgram) -> None:
    """Subclasses with attributes and methods of their own, as services are often written."""
    done = run_program(
        """
        import asyncio
        from prisma_wasm import stream

        class Database(prisma.Prisma):
            def __init__(self, **options):
                super().__init__(**options)
                self.calls = []

            async def _execute(self, *, method, **call):
                self.calls.append(method)
                return await super()._execute(method=method, **call)

        async def main():
            async with Database(log_queries=False) as client:
                await client.user.create(data={"email": "a@b.c"})
                async with client.tx() as tx:
                    print(type(tx).__name__, await tx.user.count(), tx.calls)
                print([user.email async for user in stream(client.user)], client.calls)

        asyncio.run(main())
        """
    )
    lines = ["Database 1 ['count']", "['a@b.c'] ['create', 'find_many']", ""]
    assert (done.code, done.out.split("\n")) == (0, lines), done.err


async def test_a_method_that_the_application_replaced(
    prisma: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Retries and tracing by replacing `Prisma._execute`, which models' actions go through."""
    original, seen = prisma.Prisma._execute, list[str]()

    async def traced(self: Any, **call: Any) -> Any:
        seen.append(call["method"])
        return await original(self, **call)

    monkeypatch.setattr(prisma.Prisma, "_execute", traced)
    async with prisma.Prisma(datasource={"url": url}) as client:
        await client.user.find_many()
        await client.query_raw("SELECT 1")
    assert seen == ["find_many", "query_raw"]


async def test_disconnecting_while_queries_run(db: Any) -> None:
    """Running queries end with an error or their answer, and disconnect() does not wait for them.

    5.17 stopped its process, and the queries failed with an error of httpx.
    """
    tasks = [asyncio.create_task(db.query_raw("SELECT pg_sleep(60)::text")) for _ in range(3)]
    async with asyncio.timeout(60):
        while await _active_queries(db) < 3:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)
    await db.disconnect()
    results = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 30)
    assert all(isinstance(result, Exception) for result in results)
    assert not db.is_connected()


async def _active_queries(db: Any) -> float:
    metrics = await db.get_metrics()
    return next(m.value for m in metrics.gauges if m.key == "prisma_client_queries_active")


def test_one_client_in_one_event_loop_after_another(prisma: Any, url: str) -> None:
    """Celery tasks, Streamlit and pytest-asyncio run each call in a loop of its own.

    5.17 often failed there with "Event loop is closed", since its HTTP session kept the first loop.
    """
    client = prisma.Prisma(datasource={"url": url})
    asyncio.run(client.connect())
    assert [asyncio.run(client.user.count()) for _ in range(3)] == [0, 0, 0]

    async def transaction() -> int:
        async with client.tx() as tx:
            await tx.user.create(data={"email": "a@b.c"})
            return await tx.user.count()

    assert asyncio.run(transaction()) == 1
    asyncio.run(client.disconnect())


def test_worker_processes_that_share_a_module(run_program: RunProgram) -> None:
    """Prefork servers (gunicorn, Celery) import the module, connect, and then fork."""
    done = run_program(
        """
        import asyncio, os, signal
        db = prisma.Prisma(auto_register=True)
        asyncio.run(db.connect())

        def work(number):
            async def task():
                if not db.is_connected():
                    await db.connect()
                await db.user.create(data={"email": f"{number}@b.c"})
            asyncio.run(task())
            assert asyncio.run(prisma.models.User.prisma().count()) >= 1

        children = []
        for number in range(3):
            child = os.fork()
            if not child:
                code = 1
                try:
                    work(number)
                    code = 0
                finally:
                    os._exit(code)
            children.append(child)
        print([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children])
        print(asyncio.run(db.user.count()))
        asyncio.run(db.disconnect())
        """
    )
    assert (done.code, done.out) == (0, "[0, 0, 0]\n3\n"), done.err


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM"])
def test_queries_after_a_signal(run_program: RunProgram, signal: str) -> None:
    """An application that ends in order may still write. 5.17's engine died of the same signal."""
    done = run_program(
        f"""
        import asyncio, os, signal
        async def main():
            db = prisma.Prisma()
            await db.connect()
            stop = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.{signal}, stop.set)
            os.kill(os.getpid(), signal.{signal})
            await stop.wait()
            await db.user.create(data={{"email": "last@b.c"}})
            print(await db.user.count())
            await db.disconnect()
        asyncio.run(main())
        """
    )
    assert (done.code, done.out, done.err) == (0, "1\n", "")


@pytest.mark.parametrize("end", ["sys.exit(3)", "raise SystemExit(3)", "os._exit(3)"])
def test_a_program_that_never_disconnects_ends(run_program: RunProgram, end: str) -> None:
    """5.17 stopped its process at exit; here is nothing to stop and nothing is printed."""
    done = run_program(
        f"""
        import asyncio, os
        db = prisma.Prisma()
        async def main():
            await db.connect()
            print(await db.user.count(), flush=True)
        asyncio.run(main())
        {end}
        """
    )
    assert (done.code, done.out, done.err) == (3, "0\n", "")


def test_queries_at_exit(run_program: RunProgram) -> None:
    """Handlers of `atexit` may query, as with 5.17, though Python has ended its threads by then."""
    done = run_program(
        """
        import asyncio, atexit
        db = prisma.Prisma()
        asyncio.run(db.connect())
        @atexit.register
        def last_words():
            print(asyncio.run(db.user.count()), asyncio.run(db.user.count()))
            print(asyncio.run(db.user.find_many(where={"email": {"in": ["a"]}}, take=3)))
            asyncio.run(db.disconnect())
        """
    )
    assert (done.code, done.out, done.err) == (0, "0 0\n[]\n", "")


def test_a_client_that_is_generated_and_imported_again(
    run_program: RunProgram, generate_client: GenerateClient, generated: Generated
) -> None:
    """Test suites generate, remove the modules from sys.modules, and import the new client."""
    other = generate_client(Path(__file__).parents[1] / "faults" / "schema.prisma")
    done = run_program(
        """
        import asyncio, importlib, os, shutil
        sys.path.insert(0, os.getcwd())
        for folder in (os.environ["FIRST"], os.environ["SECOND"]):
            shutil.rmtree("shop", ignore_errors=True)
            shutil.copytree(folder, "shop")
            for name in [name for name in sys.modules if name.split(".")[0] == "shop"]:
                del sys.modules[name]
            importlib.invalidate_caches()
            shop = importlib.import_module("shop")

        async def main():
            async with shop.Prisma() as db:
                try:
                    await db.account.count()
                except shop.errors.TableNotFoundError as error:
                    print(error)

        asyncio.run(main())
        """,
        FIRST=str(generated.folder / generated.name),
        SECOND=str(other.folder / other.name),
    )
    missing = "The table `public.Account` does not exist in the current database.\n"
    assert (done.code, done.out) == (0, missing), done.err
