"""Measure what a signed scope costs a read by id: `python -m bench.signed_scope [rounds]`.

There are two copies of one database; the second has the functions of `service/signed_scope.sql`.
Each read is sent to both in turn, so that both sides of a ratio are measured at the same time.
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

from app.database import roles
from app.database.scope import use_scope
from bench import database as databases
from bench.database import Database
from bench.errors import BenchError
from bench.process import RunningServer
from bench.service import data
from bench.service.data import Person
from bench.service.routes import start_service
from bench.service.signing import pads, signed
from prisma_wasm import scoped

PLAIN, SIGNED = data.NAME, "signed"
SIGNED_APP = "signed_scope:signed_scopes"
PEOPLE = 2_000
PAIRS = 200  # per round
WARM_UP = 100
SQL = data.SEED.with_name("signed_scope.sql")

Read = Callable[[Person], Awaitable[None]]
Reads = tuple[Read, Read]
CpuClock = Callable[[], tuple[float, float]]
Enter = Callable[[Mapping[str, str]], AbstractContextManager[None]]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 12
    with databases.running_database() as database:
        for name in (PLAIN, SIGNED):
            data.recreate(database, PEOPLE, name)
        inner, outer = pads()
        variables = f"\\set inner {inner}\n\\set outer {outer}\n"
        database.sql(variables + SQL.read_text(encoding="utf-8"), SIGNED)
        people = data.people(PEOPLE - 40)
        with (
            start_service(database, name=PLAIN) as plain_service,
            start_service(
                database, "signed_scope:signed_scopes", "--factory", name=SIGNED
            ) as signed_service,
        ):
            through_http = _reader(plain_service), _reader(signed_service)

            def cpu_clock() -> tuple[float, float]:
                return _cpu_seconds(plain_service, PLAIN), _cpu_seconds(signed_service, SIGNED)

            title = "GET /v1/workspaces/{id}"
            asyncio.run(_measure(title, through_http, people, rounds, cpu_clock))
            asyncio.run(_measure_query(database, people, rounds))


async def _measure_query(database: Database, people: list[Person], rounds: int) -> None:
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
    await _measure("the bare query", reads, people, rounds)
    with use_scope(workspace=people[0].workspace):
        if await clients[1].workspace.count():
            raise BenchError("A scope without a signature shows rows.")
    for client in clients:
        await client.disconnect()


def _reader(running: RunningServer) -> Read:
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)

    async def read(person: Person) -> None:
        headers = {"Authorization": f"Bearer {person.token}"}
        connection.request("GET", f"/v1/workspaces/{person.workspace}", headers=headers)
        response = connection.getresponse()
        response.read()
        if response.status != http.client.OK:
            raise BenchError(f"A read of a workspace returned {response.status}.")

    return read


async def _measure(
    title: str, reads: Reads, people: list[Person], rounds: int, cpu_clock: CpuClock | None = None
) -> None:
    for person in people[:WARM_UP]:
        for read in reads:
            await read(person)
    times: list[tuple[float, float]] = []
    cpu_times: list[tuple[float, float]] = []
    for turn in range(rounds):
        spent: tuple[list[float], list[float]] = ([], [])
        before = cpu_clock() if cpu_clock else (0.0, 0.0)
        for pair in range(PAIRS):
            person = people[(turn * PAIRS + pair) % len(people)]
            for side in (0, 1) if pair % 2 else (1, 0):
                started = time.perf_counter()
                await reads[side](person)
                spent[side].append(time.perf_counter() - started)
        times.append((statistics.median(spent[0]), statistics.median(spent[1])))
        if cpu_clock:
            used = [(end - start) / PAIRS for end, start in zip(cpu_clock(), before, strict=True)]
            cpu_times.append((used[0], used[1]))
    _print(f"{title}, elapsed time", times)
    if cpu_clock:
        _print(f"{title}, CPU time", cpu_times)


def _print(title: str, rounds: list[tuple[float, float]]) -> None:
    ratios = [signed_time / plain_time for plain_time, signed_time in rounds]
    plain_time, signed_time = (statistics.median(each) * 1e6 for each in zip(*rounds, strict=True))
    print(
        f"{title}: {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}), "
        f"{plain_time:.0f} µs and {signed_time:.0f} µs, {len(rounds)} rounds of {PAIRS} pairs",
        flush=True,
    )


def _cpu_seconds(running: RunningServer, name: str) -> float:
    """Return the CPU time used so far by a service and its PostgreSQL backends."""
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
