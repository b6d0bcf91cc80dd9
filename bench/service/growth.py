"""What grows with the tables, the members of a workspace, the connections and the workers."""

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import load as loading
from bench.contract import write_requests
from bench.database import Database
from bench.load import Load
from bench.measure import Plan, in_order
from bench.programs import say
from bench.report import markdown, spread
from bench.results import ratio
from bench.service import data
from bench.service.routes import BARE, ROUTES, served

# Each person owns one workspace, with five members and as many events: 10,000 to 1,000,000 rows.
SIZES = (2_000, 20_000, 200_000)
CONNECTIONS = (1, 8, 64)
WORKERS = (1, 2, 4)
READS = (BARE, *(each for each in ROUTES if not each.writes))
(READ_WORKSPACE,) = (each for each in ROUTES if each.name == "read_workspace")


@dataclass(frozen=True)
class Case:
    """One figure of a table, its row and column, and the load that it is of."""

    row: str
    column: int
    port: int
    file: Path
    connections: int = 1


Figures = dict[Case, list[float]]


def by_size(database: Database, plan: Plan) -> Figures:
    """How many milliseconds an answer takes with so many people, one request at a time."""
    cases: list[Case] = []
    with contextlib.ExitStack() as stack:
        for size in SIZES:
            name = f"{data.NAME}_{size}"
            data.fresh(database, size, name)
            people = data.people(min(size - 40, 400))
            port = stack.enter_context(served(database, name=name)).port
            for route in READS:
                lines = [route.line(each) for each in people]
                file = write_requests(f"{route.name}_{size}", lines)
                cases.append(Case(route.title, size, port, file))
        return _in_turns(cases, plan, lambda done: done.p50_ms)


def by_team(database: Database, plan: Plan) -> Figures:
    """How many reading a workspace and its first members takes, with teams of several sizes."""
    data.fresh(database, SIZES[-1])
    cases: list[Case] = []
    with served(database) as running:
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
        return _in_turns(cases, plan, lambda done: done.p50_ms)


def by_connections(database: Database, plan: Plan) -> Figures:
    """Answers a second with so many requests at a time."""
    file = _reads_of_workspaces(database)
    with served(database) as running:
        cases = [
            Case(READ_WORKSPACE.title, count, running.port, file, connections=count)
            for count in CONNECTIONS
        ]
        return _in_turns(cases, plan, lambda done: done.per_second)


def by_workers(database: Database, plan: Plan) -> Figures:
    """Answers a second with so many processes; they have all cores."""
    file = _reads_of_workspaces(database)
    cases: list[Case] = []
    with database.on_all_cores(), contextlib.ExitStack() as stack:
        for count in WORKERS:
            options = ("--workers", str(count)) if count > 1 else ()
            running = stack.enter_context(served(database, "service:app", *options, core=None))
            cases.append(Case(READ_WORKSPACE.title, count, running.port, file, connections=64))
        return _in_turns(cases, plan, lambda done: done.per_second)


def table(figures: Figures, unit: str, digits: int) -> str:
    """A row for each route, a column for each size: medians, and between what the rounds lie."""
    columns = list(dict.fromkeys(case.column for case in figures))
    rows: dict[str, dict[int, list[float]]] = {}
    for case, found in figures.items():
        rows.setdefault(case.row, {})[case.column] = found
    body: list[Sequence[str]] = []
    for name, cells in rows.items():
        grown = ratio(cells[columns[-1]], cells[columns[0]])
        body.append([name, *(spread(cells[each], digits) for each in columns), str(grown)])
    last = f"{columns[-1]:,} to {columns[0]:,}"
    return markdown([unit, *(f"{each:,}" for each in columns), last], body)


def _in_turns(cases: Sequence[Case], plan: Plan, figure: Callable[[Load], float]) -> Figures:
    """A row's cases one after the other, so that they are of the same minute."""
    rows: dict[str, list[Case]] = {}
    for case in cases:
        rows.setdefault(case.row, []).append(case)
    figures: Figures = {case: [] for row in rows.values() for case in row}
    for turn in range(plan.rounds + 1):
        say(f"round {turn} of {plan.rounds}; the machine's load is {os.getloadavg()[0]:.1f}")
        for name, row in rows.items():
            for case in in_order(row, turn):
                done = loading.load(
                    case.port, case.file, seconds=plan.seconds, connections=case.connections
                )
                if turn:
                    figures[case].append(figure(done))
            if turn:
                latest = "  ".join(f"{case.column:,}: {figures[case][-1]:,.2f}" for case in row)
                say(f"  {name:45} {latest}")
    return figures


def _reads_of_workspaces(database: Database) -> Path:
    data.fresh(database, SIZES[0])
    people = data.people(SIZES[0] - 40)
    return write_requests(READ_WORKSPACE.name, [READ_WORKSPACE.line(each) for each in people])
