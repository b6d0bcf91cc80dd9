"""Measure servers side by side: first their starts, then rounds that load each in turn."""

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
from bench.process import SERVER_CORE, RunningServer, serving
from bench.programs import print_progress, run
from bench.results import PeerResults, Results, Series

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """How long and how often to measure; wrk takes whole seconds only."""

    rounds: int = 6
    seconds: int = 2
    warm_up: int = 4  # Node compiles hot code after thousands of requests
    starts: int = 5
    endpoints: tuple[Endpoint, ...] = ENDPOINTS


def verify_peers(peers: Sequence[Peer], database: Database) -> None:
    """Raise BenchError if a server differs from the contract."""
    database.recreate()
    cases = verify.make_cases(database)
    differences: list[str] = []
    for peer in peers:
        with start_peer(peer, database) as running:
            found = verify.differences(running, cases, database)
        differences += [f"{peer.name}: {text}" for text in found]
        print_progress(
            f"{peer.name}: compared {len(cases)} reads and the writes; {len(found)} differ"
        )
    if differences:
        raise BenchError(
            "Responses differ, so nothing is measured:\n" + "\n".join(differences[:20])
        )


def measure_peers(peers: Sequence[Peer], database: Database, plan: Plan) -> Results:
    """Measure the starts of all servers, then the rounds."""
    results = Results(settings(plan), {peer.name: PeerResults(peer.title) for peer in peers})
    database.recreate()
    ids = database.ids()
    requests = {each.name: write_requests(each.name, each.requests(ids)) for each in plan.endpoints}
    for turn in range(plan.starts):
        for peer in round_order(peers, turn):
            _measure_start(peer, database, results.peers[peer.name])
    if not plan.rounds:
        return results
    with contextlib.ExitStack() as stack:
        # Servers without load use no CPU time.
        running = {peer.name: stack.enter_context(start_peer(peer, database)) for peer in peers}
        _warm_up(running, database, plan, requests)
        for turn in range(plan.rounds):
            print_progress(
                f"round {turn + 1} of {plan.rounds}; the machine's load: {os.getloadavg()[0]:.1f}"
            )
            max_memory = dict.fromkeys(running, 0.0)
            for endpoint in plan.endpoints:
                for peer in round_order(peers, turn):
                    series = results.peers[peer.name].endpoints.setdefault(endpoint.name, Series())
                    sample(running[peer.name], requests[endpoint.name], plan.seconds, series)
                    max_memory[peer.name] = max(max_memory[peer.name], running[peer.name].memory())
                    print_progress(f"  {endpoint.name:16} {peer.name:20} {format_latest(series)}")
                    if endpoint.writes:
                        database.reset()
            for name, memory in max_memory.items():
                results.peers[name].memory_loaded.append(memory)
    return results


def _warm_up(
    running: dict[str, RunningServer], database: Database, plan: Plan, requests: dict[str, Path]
) -> None:
    print_progress(f"warming up, {plan.warm_up} s for each endpoint of each server")
    for endpoint in plan.endpoints:
        for server in running.values():
            loading.load(server.port, requests[endpoint.name], seconds=plan.warm_up, seed=2)
        if endpoint.writes:
            database.reset()


def _measure_start(peer: Peer, database: Database, results: PeerResults) -> None:
    with start_peer(peer, database) as running:
        results.starts_ms.append(running.seconds_to_start * 1000)
        time.sleep(0.5)  # some still compile after their first response
        results.memory_idle.append(running.memory())


def sample(server: RunningServer, file: Path, seconds: int, series: Series) -> None:
    """Load a server, and append the figures of this round to a series."""
    cpu, began = server.cpu_seconds(), time.perf_counter()
    result = loading.load(server.port, file, seconds=seconds)
    cpu, elapsed = server.cpu_seconds() - cpu, time.perf_counter() - began
    series.per_second.append(result.per_second)
    series.p50_ms.append(result.p50_ms)
    series.p99_ms.append(result.p99_ms)
    series.errors.append(result.errors)
    series.cpu_us.append(cpu / max(result.requests, 1) * 1e6)
    series.cpu_share.append(cpu / elapsed)


def format_latest(series: Series) -> str:
    """Return the figures of the latest round as text."""
    return (
        f"{series.per_second[-1]:8.0f}/s  p99 {series.p99_ms[-1]:6.1f} ms"
        f"  {series.cpu_us[-1]:5.0f} us  {series.cpu_share[-1]:4.0%}  errors {series.errors[-1]}"
    )


def start_peer(peer: Peer, database: Database) -> contextlib.AbstractContextManager[RunningServer]:
    """Run a server on the contract's data and on the servers' core."""
    return serving(
        peer.command,
        log=work("logs") / f"{peer.name}.log",
        env={"DATABASE_URL": database.url() + peer.url_parameters, **peer.env},
        cwd=ROOT,
        core=SERVER_CORE,
    )


def round_order(items: Sequence[T], turn: int) -> list[T]:
    """Return the items in the order of this round, so that none always follows the same one."""
    shift = turn * 2 % len(items)
    order = [*items[shift:], *items[:shift]]
    return order[::-1] if turn % 2 else order


def commit() -> str:
    """Return the commit of the measured code as `git describe` prints it."""
    try:
        return run(["git", "describe", "--always", "--dirty"], cwd=ROOT, limit=20).strip()
    except BenchError:
        return "unknown"


def settings(plan: Plan) -> dict[str, Any]:
    """Return what the figures depend on: the plan, the programs and the machine."""
    return {
        "rounds": plan.rounds,
        "seconds": plan.seconds,
        "connections": loading.CONNECTIONS,
        "load": loading.generator_name(),
        "python": platform.python_version(),
        "commit": commit(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "machine_load": round(os.getloadavg()[0], 1),
    }
