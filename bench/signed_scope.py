"""What a signed scope costs a read by id: `python -m bench.signed_scope [rounds]`.

Two copies of one database, the second with the functions of `service/signed_scope.sql`. Each read
is made with each of them in turn, so that both sides of a ratio are of the same moment.
"""

import asyncio
import contextlib
import http.client
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
from prisma import Prisma

from app import roles
from app.scope import use_scope
from bench import database as databases
from bench.database import Database
from bench.errors import BenchError
from bench.process import Running
from bench.service import data
from bench.service.data import Person
from bench.service.routes import served
from bench.service.signing import pads, signed
from prisma_wasm import scoped

PLAIN, SIGNED = data.NAME, "signed"
PEOPLE = 2_000
PAIRS = 200  # per round
WARM_UP = 100
SQL = data.SEED.with_name("signed_scope.sql")

Read = Callable[[Person], Awaitable[None]]
Reads = tuple[Read, Read]
Processor = Callable[[], tuple[float, float]]
Enter = Callable[[Mapping[str, str]], AbstractContextManager[None]]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    with databases.running() as database:
        for name in (PLAIN, SIGNED):
            data.fresh(database, PEOPLE, name)
        inner, outer = pads()
        variables = f"\\set inner {inner}\n\\set outer {outer}\n"
        database.sql(variables + SQL.read_text(encoding="utf-8"), SIGNED)
        people = data.people(PEOPLE - 40)
        with (
            served(database, name=PLAIN) as plain,
            served(database, "signed_scope:signed_scopes", "--factory", name=SIGNED) as guarded,
        ):
            through_http = _request(plain), _request(guarded)

            def processor() -> tuple[float, float]:
                return _processor_seconds(plain, PLAIN), _processor_seconds(guarded, SIGNED)

            title = "GET /v1/workspaces/{id}"
            asyncio.run(_report(title, through_http, people, rounds, processor))
            asyncio.run(_bare(database, people, rounds))


async def _bare(database: Database, people: list[Person], rounds: int) -> None:
    """Measure the query alone, as the service's role."""
    clients: list[Prisma] = []
    for name in (PLAIN, SIGNED):
        role = f"{name}_app"
        password = roles.password(data.SECRET_KEY, role)
        url = roles.login_url(database.url(name), role, password)
        clients.append(Prisma(use_dotenv=False, datasource={"url": url}))
        await clients[-1].connect()

    def reading(client: Prisma, enter: Enter) -> Read:
        async def read(person: Person) -> None:
            settings = {"tenantry.user": "", "tenantry.key": ""}
            with enter({**settings, "tenantry.workspace": person.workspace}):
                if await client.workspace.find_unique(where={"id": person.workspace}) is None:
                    raise BenchError("A read of a workspace found nothing.")

        return read

    reads = reading(clients[0], scoped), reading(clients[1], signed)
    await _report("the bare query", reads, people, rounds)
    with use_scope(workspace=people[0].workspace):
        if await clients[1].workspace.count():
            raise BenchError("A scope without a signature shows rows.")
    for client in clients:
        await client.disconnect()


def _request(running: Running) -> Read:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)

    async def read(person: Person) -> None:
        headers = {"Authorization": f"Bearer {person.token}"}
        connection.request("GET", f"/v1/workspaces/{person.workspace}", headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            raise BenchError(f"A read of a workspace was answered with {answer.status}.")

    return read


async def _report(
    title: str, reads: Reads, people: list[Person], rounds: int, processor: Processor | None = None
) -> None:
    for person in people[:WARM_UP]:
        for read in reads:
            await read(person)
    by_time: list[tuple[float, float]] = []
    by_processor: list[tuple[float, float]] = []
    for turn in range(rounds):
        spent: tuple[list[float], list[float]] = ([], [])
        before = processor() if processor else (0.0, 0.0)
        for pair in range(PAIRS):
            person = people[(turn * PAIRS + pair) % len(people)]
            for side in (0, 1) if pair % 2 else (1, 0):
                started = time.perf_counter()
                await reads[side](person)
                spent[side].append(time.perf_counter() - started)
        by_time.append((statistics.median(spent[0]), statistics.median(spent[1])))
        if processor:
            used = [(end - start) / PAIRS for end, start in zip(processor(), before, strict=True)]
            by_processor.append((used[0], used[1]))
    _print(f"{title}, elapsed time", by_time)
    if processor:
        _print(f"{title}, processor time", by_processor)


def _print(title: str, rounds: list[tuple[float, float]]) -> None:
    ratios = [guarded / plain for plain, guarded in rounds]
    plain, guarded = (statistics.median(each) * 1e6 for each in zip(*rounds, strict=True))
    print(
        f"{title}: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}), "
        f"{plain:.0f} µs and {guarded:.0f} µs, {len(rounds)} rounds of {PAIRS} pairs",
        flush=True,
    )


def _processor_seconds(running: Running, name: str) -> float:
    """Return the processor's time of a service and of its connections' processes so far."""
    processes = [running.process.pid]
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if f" {name} 127.0.0.1(" in " ".join(process.cmdline()):
                processes.append(process.pid)
    nanoseconds = 0
    for pid in processes:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            nanoseconds += int((thread / "schedstat").read_text().split()[0])
    return nanoseconds / 1e9


if __name__ == "__main__":
    main()
