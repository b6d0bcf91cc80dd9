"""Processes of their own: memory stays where it was, forks work, the event loop is never held."""

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from fix_client import Generated

_LIMIT = 1_500.0
_HEAD = """
import asyncio, gc, importlib, os, sys, time
import psutil
package = importlib.import_module(sys.argv[1])
url = sys.argv[2]

def used():
    gc.collect()
    return psutil.Process().memory_info().rss / 2**20

def shape(n):
    "A filter that no other number has."
    fields = ("age", "points", "id", "teamId")
    parts = []
    while n:
        n, digit = divmod(n, 12)
        parts.append({fields[digit % 4]: {("gt", "lt", "not")[digit // 4]: 1}})
    return {"AND": parts}

async def metric(db, name):
    metrics = await db.get_metrics()
    return next(m.value for m in [*metrics.counters, *metrics.gauges] if m.key == name)
"""

Run = Callable[..., str]


@pytest.fixture
def run(generated: Generated, url: str) -> Run:
    """`run(code, *arguments)`: what a process of its own with the client prints."""

    def run_(code: str, *arguments: object, **variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", _HEAD + textwrap.dedent(code), generated.name, url,
             *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": str(generated.folder)} | variables,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run_


@pytest.mark.parametrize(
    ("room", "warm", "more"),
    [(2, 300, 900), pytest.param(48, 6_000, 50_000, marks=pytest.mark.full)],
)
def test_shapes_without_end(run: Run, room: int, warm: int, more: int) -> None:
    """However many shapes come, the process and its connection stay as large as they were."""
    seen = run(
        """
        warm, more = map(int, sys.argv[3:])
        async def main():
            db = package.Prisma(datasource={"url": url + "?connection_limit=1"})
            await db.connect()
            for n in range(1, warm):
                await db.user.count(where=shape(n))
            before, kept = used(), await metric(db, "prisma_plan_cache_plans")
            for n in range(warm, warm + more):
                await db.user.count(where=shape(n))
            count = "SELECT count(*)::int AS n FROM pg_prepared_statements"
            statements = await db.query_first(count)
            compiled = await metric(db, "prisma_plan_cache_misses_total")
            after = await metric(db, "prisma_plan_cache_plans")
            await db.disconnect()
            print(used() - before, after - kept, statements["n"], compiled)
        asyncio.run(main())
        """,
        warm, more,
        PRISMA_WASM_PLAN_MEMORY_MB=str(room),
    )  # fmt: skip
    grown, plans, statements, compiled = map(float, seen.split())
    assert compiled == warm + more - 1
    assert plans < warm
    assert statements <= 110
    assert grown < 12


def test_huge_queries_give_their_memory_back(run: Run) -> None:
    """The compiler's memory never shrinks; after a query that made it large it is given up."""
    seen = run(
        """
        from prisma_wasm.compiler import compiler
        compiler._MEMORY_LIMIT = 4 * 2**20
        async def huge(db, n):
            where = {"OR": [{"age": {"gt": 1}, "points": {"lt": n}}] * (500 + n)}
            assert await db.user.count(where=where) == 0
        async def main():
            db = package.Prisma(datasource={"url": url + "?statement_cache_size=0"})
            await db.connect()
            for n in range(3):
                await huge(db, n)
            before = used()
            for n in range(3, 9):
                await huge(db, n)
            print(used() - before)
            await db.disconnect()
        asyncio.run(main())
        """
    )
    assert float(seen) < 18


def test_a_fork_while_a_query_is_compiled(run: Run) -> None:
    """A child process compiles and runs queries, whatever its parent's threads were doing."""
    seen = run(
        """
        import threading
        started, ended = threading.Event(), threading.Event()
        async def compile_on():
            db = package.Prisma(datasource={"url": url})
            await db.connect()
            n = 0
            while not ended.is_set():
                n += 20
                await asyncio.gather(*[db.user.count(where=shape(n + m)) for m in range(20)])
                started.set()
            await db.disconnect()
        async def in_child():
            async with asyncio.timeout(60):
                db = package.Prisma(datasource={"url": url})
                await db.connect()
                for n in (1, 2, 77_777):
                    assert await db.user.count(where=shape(n)) == 0
                await db.disconnect()
        thread = threading.Thread(target=lambda: asyncio.run(compile_on()))
        thread.start()
        assert started.wait(60)
        answers = []
        for n in range(12):
            time.sleep(0.003 * n)
            child = os.fork()
            if child == 0:
                try:
                    asyncio.run(in_child())
                    os._exit(0)
                except BaseException as error:
                    print(repr(error), file=sys.stderr, flush=True)
                    os._exit(1)
            answers.append(os.waitpid(child, 0)[1])
        ended.set()
        thread.join(60)
        print(answers)
        """
    )
    assert seen == f"{[0] * 12}\n"


def test_compiling_does_not_hold_up_the_event_loop(run: Run) -> None:
    """While new shapes are compiled, the loop's other tasks go on."""
    seen = run(
        """
        async def main():
            db = package.Prisma(datasource={"url": url})
            await db.connect()
            await db.user.count()
            gaps, running = [], True
            async def tick():
                last = time.perf_counter()
                while running:
                    await asyncio.sleep(0.001)
                    now = time.perf_counter()
                    gaps.append(now - last)
                    last = now
            ticker = asyncio.create_task(tick())
            await asyncio.sleep(0)
            await asyncio.gather(*[db.user.find_many(where=shape(n)) for n in range(900, 950)])
            running = False
            await ticker
            await db.disconnect()
            gaps.sort()
            print(len(gaps), gaps[len(gaps) // 2] * 1000, gaps[-1] * 1000)
        asyncio.run(main())
        """
    )
    ticks, median, longest = map(float, seen.split())
    print(f"{ticks:.0f} ticks, median {median:.1f} ms, longest {longest:.1f} ms")
    assert ticks > 20  # one, if the loop stood still while all of them were compiled


def test_without_a_cache_folder(run: Run, generated: Generated, tmp_path: Path) -> None:
    """Where machine code can neither be found nor kept, the first query takes longer; no more."""
    without_code = shutil.ignore_patterns("*.cwasm")
    shutil.copytree(generated.folder / generated.name, tmp_path / generated.name,
                    ignore=without_code)  # fmt: skip
    seen = run(
        """
        async def main():
            async with package.Prisma(datasource={"url": url}) as db:
                print(await db.user.count())
        asyncio.run(main())
        """,
        PYTHONPATH=str(tmp_path),
        XDG_CACHE_HOME="/proc/no/such/folder",
    )
    assert seen == "0\n"


_KEEPING = """
async def main():
    async with package.Prisma(datasource={"url": url}) as db:
        from prisma_wasm.compiler import Compiler
        compiled, run = [], Compiler._run
        Compiler._run = lambda self, *args: compiled.append(1) or run(self, *args)
        for n in range(1, 6):
            await db.user.find_many(where=shape(n) | {"email": f"s3cr3t{n}"}, take=7000 + n)
        print(len(compiled))
asyncio.run(main())
"""


def test_plans_are_kept_across_restarts(run: Run, tmp_path: Path) -> None:
    """Only where they are asked for, with no value in them, and never of another schema."""
    folder = tmp_path / "plans"
    assert run(_KEEPING) == "5\n"
    assert run(_KEEPING, PRISMA_WASM_PLANS=str(folder)) == "5\n"
    assert run(_KEEPING, PRISMA_WASM_PLANS=str(folder)) == "0\n"
    assert run(_KEEPING, PRISMA_WASM_PLANS=str(tmp_path / "other")) == "5\n"
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert len(kept) == 5
    plans = "".join(path.read_text().partition("\n")[2] for path in kept)
    assert not any(value in plans for value in ("s3cr3t", "7001", "7002", "7003"))
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_kept_plans_that_are_no_good(run: Run, tmp_path: Path) -> None:
    """Damaged, exchanged, emptied and unreadable files are compiled again, and made good."""
    assert run(_KEEPING, PRISMA_WASM_PLANS=str(tmp_path)) == "5\n"
    (tmp_path / "of the user").mkdir()
    first, second, third, fourth, _good = (path for path in tmp_path.rglob("*") if path.is_file())
    first.write_text(second.read_text())
    second.write_text(second.read_text().replace("SELECT", "DELETE"))
    third.write_bytes(b"")
    fourth.unlink()
    fourth.mkdir()
    assert run(_KEEPING, PRISMA_WASM_PLANS=str(tmp_path)) == "4\n"
    assert run(_KEEPING, PRISMA_WASM_PLANS=str(tmp_path)) == "1\n"
    for n in range(20):
        (tmp_path / f"prisma-plans-{n}").mkdir()
    shutil.rmtree(next(path for path in tmp_path.iterdir() if len(path.name) > 30))
    assert run(_KEEPING, PRISMA_WASM_PLANS=str(tmp_path)) == "5\n"
    assert len(list(tmp_path.glob("prisma-plans-*"))) == 8
    assert (tmp_path / "of the user").is_dir()
    tmp_path.chmod(0o777)  # anybody may put plans there
    assert run(_KEEPING, PRISMA_WASM_PLANS=str(tmp_path)) == "5\n"
    assert run(_KEEPING, PRISMA_WASM_PLANS="/proc/no/such/folder") == "5\n"


def test_schemas_without_end(run: Run) -> None:
    """A process that works on one schema of its database after the other keeps a few of them."""
    seen = run(
        """
        async def use(n):
            async with package.Prisma(datasource={"url": f"{url}?schema=tenant_{n}"}) as db:
                try:
                    await db.user.count()
                except package.errors.TableNotFoundError as error:
                    assert "tenant_" in str(error) or "User" in str(error)
                else:
                    raise AssertionError("there is no such schema")
        async def main():
            for n in range(6):
                await use(n)
            before = used()
            for n in range(6, 40):
                await use(n)
            print(used() - before)
        asyncio.run(main())
        """
    )
    assert float(seen) < 12
