"""Measures servers side by side: cold starts alone, then rounds in which each is loaded in turn."""

import contextlib
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from bench import load as loading
from bench import verify
from bench.contract import ENDPOINTS, Endpoint, write_requests
from bench.database import Database
from bench.errors import BenchError
from bench.folders import ROOT, work
from bench.peers import Peer
from bench.process import SERVER_CORE, Running, serving
from bench.programs import run, say
from bench.results import PeerResults, Results, Series

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """How long and how often; seconds are whole, as wrk wants them."""

    rounds: int = 6
    seconds: int = 2
    warm_up: int = 4  # what Node compiles takes thousands of requests
    starts: int = 5
    endpoints: tuple[Endpoint, ...] = ENDPOINTS


def verified(peers: Sequence[Peer], database: Database) -> None:
    """Raise BenchError where a server differs from the contract."""
    database.fresh()
    asked = verify.cases(database)
    wrong: list[str] = []
    for peer in peers:
        with started(peer, database) as running:
            found = verify.differences(running, asked, database)
        wrong += [f"{peer.name}: {text}" for text in found]
        say(f"{peer.name}: {len(asked)} reads and its writes compared, {len(found)} differ")
    if wrong:
        raise BenchError("Nothing is measured while answers differ:\n" + "\n".join(wrong[:20]))


def measured(peers: Sequence[Peer], database: Database, plan: Plan) -> Results:
    """Starts, then rounds."""
    results = Results(settings(plan), {peer.name: PeerResults(peer.title) for peer in peers})
    database.fresh()
    ids = database.ids()
    requests = {each.name: write_requests(each.name, each.requests(ids)) for each in plan.endpoints}
    for turn in range(plan.starts):
        for peer in in_order(peers, turn):
            _measure_start(peer, database, results.peers[peer.name])
    if not plan.rounds:
        return results
    with contextlib.ExitStack() as stack:
        # Those that nobody loads take no time.
        running = {peer.name: stack.enter_context(started(peer, database)) for peer in peers}
        _warm_up(running, database, plan, requests)
        for turn in range(plan.rounds):
            say(f"round {turn + 1} of {plan.rounds}; the machine's load: {os.getloadavg()[0]:.1f}")
            most = dict.fromkeys(running, 0.0)
            for endpoint in plan.endpoints:
                for peer in in_order(peers, turn):
                    series = results.peers[peer.name].endpoints.setdefault(endpoint.name, Series())
                    sample(running[peer.name], requests[endpoint.name], plan.seconds, series)
                    most[peer.name] = max(most[peer.name], running[peer.name].memory())
                    say(f"  {endpoint.name:16} {peer.name:20} {last_of(series)}")
                    if endpoint.writes:
                        database.reset()
            for name, memory in most.items():
                results.peers[name].memory_loaded.append(memory)
    return results


def _warm_up(
    running: dict[str, Running], database: Database, plan: Plan, requests: dict[str, Path]
) -> None:
    say(f"warming up, {plan.warm_up} s for each endpoint of each server")
    for endpoint in plan.endpoints:
        for server in running.values():
            loading.load(server.port, requests[endpoint.name], seconds=plan.warm_up, seed=2)
        if endpoint.writes:
            database.reset()


def _measure_start(peer: Peer, database: Database, results: PeerResults) -> None:
    with started(peer, database) as running:
        results.starts_ms.append(running.seconds_to_start * 1000)
        time.sleep(0.5)  # some go on compiling after their first answer
        results.memory_idle.append(running.memory())


def sample(server: Running, file: Path, seconds: int, series: Series) -> None:
    """Load a server for a time, and add a round to a series."""
    cpu, began = server.cpu_seconds(), time.perf_counter()
    done = loading.load(server.port, file, seconds=seconds)
    cpu, elapsed = server.cpu_seconds() - cpu, time.perf_counter() - began
    series.per_second.append(done.per_second)
    series.p50_ms.append(done.p50_ms)
    series.p99_ms.append(done.p99_ms)
    series.errors.append(done.errors)
    series.cpu_us.append(cpu / max(done.requests, 1) * 1e6)
    series.cpu_share.append(cpu / elapsed)


def last_of(series: Series) -> str:
    """The last figures of a series, to be shown while it goes on."""
    return (
        f"{series.per_second[-1]:8.0f}/s  p99 {series.p99_ms[-1]:6.1f} ms"
        f"  {series.cpu_us[-1]:5.0f} us  {series.cpu_share[-1]:4.0%}  errors {series.errors[-1]}"
    )


def started(peer: Peer, database: Database) -> contextlib.AbstractContextManager[Running]:
    """The peer, on the contract's data and the servers' core."""
    return serving(
        peer.command,
        log=work("logs") / f"{peer.name}.log",
        env={"DATABASE_URL": database.url() + peer.url_parameters, **peer.env},
        cwd=ROOT,
        core=SERVER_CORE,
    )


def in_order(what: Sequence[T], turn: int) -> list[T]:
    """Another order in each round, so that nobody always comes after the same one."""
    shift = turn * 2 % len(what)
    order = [*what[shift:], *what[:shift]]
    return order[::-1] if turn % 2 else order


def commit() -> str:
    """Of the code that is measured, as short as git has it."""
    try:
        return run(["git", "describe", "--always", "--dirty"], cwd=ROOT, limit=20).strip()
    except BenchError:
        return "unknown"


def settings(plan: Plan) -> dict[str, Any]:
    """What a run was made with."""
    return {
        "rounds": plan.rounds,
        "seconds": plan.seconds,
        "connections": loading.CONNECTIONS,
        "load": loading.generator(),
        "python": platform.python_version(),
        "commit": commit(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "machine_load": round(os.getloadavg()[0], 1),
    }
