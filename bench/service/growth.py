"""Measure growth by the size of the tables, the members, the connections and the workers."""

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import load as loading
from bench.contract import write_requests
from bench.database import Database
from bench.load import LoadResult
from bench.measure import Plan, round_order
from bench.programs import print_progress
from bench.report import format_range, markdown
from bench.results import ratio
from bench.service import data
from bench.service.data import Person
from bench.service.routes import BARE, ROUTES, Route, start_service

# Each user owns one workspace with five members and five events: 10,000 to 1,000,000 rows.
SIZES = (2_000, 20_000, 200_000)
CONNECTIONS = (1, 8, 64)
WORKERS = (1, 2, 4)
READS: tuple[Route[Person], ...] = (BARE, *(each for each in ROUTES if not each.writes))
(READ_WORKSPACE,) = (each for each in ROUTES if each.name == "read_workspace")


@dataclass(frozen=True)
class Case:
    """A cell of a table: its row, its column and the load that it shows."""

    row: str
    column: int
    port: int
    file: Path
    connections: int = 1


Figures = dict[Case, list[float]]


def by_size(database: Database, plan: Plan) -> Figures:
    """Measure response times in ms by the number of users, with one request at a time."""
    cases: list[Case] = []
    with contextlib.ExitStack() as stack:
        for size in SIZES:
            name = f"{data.NAME}_{size}"
            data.recreate(database, size, name)
            people = data.people(min(size - 40, 400))
            port = stack.enter_context(start_service(database, name=name)).port
            for route in READS:
                lines = [route.line(each) for each in people]
                file = write_requests(f"{route.name}_{size}", lines)
                cases.append(Case(route.title, size, port, file))
        return _measure_cases(cases, plan, lambda result: result.p50_ms)


def by_team(database: Database, plan: Plan) -> Figures:
    """Measure reads of a workspace and its first members in ms, by its number of members."""
    data.recreate(database, SIZES[-1])
    cases: list[Case] = []
    with start_service(database) as running:
        for place, size in enumerate(data.TEAMS):
            (owner,) = data.people(1, start=place)
            for name, title in (
                ("team", "/v1/workspaces/{}"),
                ("members", "/v1/workspaces/{}/members?take=10"),
            ):
                line = f"GET {title.format(owner.workspace)} {owner.token}"
                file = write_requests(f"{name}_{size}", [line])
                row = f"GET {title.format('{workspaceId}')}"
                cases.append(Case(row, size, running.port, file))
        return _measure_cases(cases, plan, lambda result: result.p50_ms)


def by_connections(database: Database, plan: Plan) -> Figures:
    """Measure responses per second by the number of concurrent requests."""
    file = _write_workspace_reads(database)
    with start_service(database) as running:
        cases = [
            Case(READ_WORKSPACE.title, count, running.port, file, connections=count)
            for count in CONNECTIONS
        ]
        return _measure_cases(cases, plan, lambda result: result.per_second)


def by_workers(database: Database, plan: Plan) -> Figures:
    """Measure responses per second by the number of processes, which use all cores."""
    file = _write_workspace_reads(database)
    cases: list[Case] = []
    with database.on_all_cores(), contextlib.ExitStack() as stack:
        for count in WORKERS:
            options = ("--workers", str(count)) if count > 1 else ()
            running = stack.enter_context(
                start_service(database, "service:app", *options, core=None)
            )
            cases.append(Case(READ_WORKSPACE.title, count, running.port, file, connections=64))
        return _measure_cases(cases, plan, lambda result: result.per_second)


def table(figures: Figures, unit: str, digits: int) -> str:
    """Return a table with a row for each route and a column for each size.

    Cells have the median, the minimum and the maximum of the rounds.
    """
    columns = list(dict.fromkeys(case.column for case in figures))
    rows: dict[str, dict[int, list[float]]] = {}
    for case, found in figures.items():
        rows.setdefault(case.row, {})[case.column] = found
    body: list[Sequence[str]] = []
    for name, cells in rows.items():
        growth = ratio(cells[columns[-1]], cells[columns[0]])
        body.append([name, *(format_range(cells[each], digits) for each in columns), str(growth)])
    last = f"{columns[-1]:,} to {columns[0]:,}"
    return markdown([unit, *(f"{each:,}" for each in columns), last], body)


def _measure_cases(
    cases: Sequence[Case], plan: Plan, figure: Callable[[LoadResult], float]
) -> Figures:
    """Measure all cases; those of a row one after the other, so in the same minute.

    Round 0 only warms up.
    """
    rows: dict[str, list[Case]] = {}
    for case in cases:
        rows.setdefault(case.row, []).append(case)
    figures: Figures = {case: [] for row in rows.values() for case in row}
    for turn in range(plan.rounds + 1):
        print_progress(
            f"round {turn} of {plan.rounds}; the machine's load: {os.getloadavg()[0]:.1f}"
        )
        for name, row in rows.items():
            for case in round_order(row, turn):
                result = loading.load(
                    case.port, case.file, seconds=plan.seconds, connections=case.connections
                )
                if turn:
                    figures[case].append(figure(result))
            if turn:
                latest = "  ".join(f"{case.column:,}: {figures[case][-1]:,.2f}" for case in row)
                print_progress(f"  {name:45} {latest}")
    return figures


def _write_workspace_reads(database: Database) -> Path:
    data.recreate(database, SIZES[0])
    people = data.people(SIZES[0] - 40)
    return write_requests(READ_WORKSPACE.name, [READ_WORKSPACE.line(each) for each in people])
