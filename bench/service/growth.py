"""What grows with the tables, the members of a workspace, the connections and the workers."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import load as loading
from bench.contract import write_requests
from bench.database import Database
from bench.programs import say
from bench.report import markdown
from bench.service import data
from bench.service.routes import ROUTES, served

# Each person owns one workspace, with five members and twenty events.
SIZES = (500, 5_000, 50_000)
CONNECTIONS = (1, 8, 64)
WORKERS = (1, 2, 4)
READS = tuple(each for each in ROUTES if each.line(data.Person("", "")).startswith("GET"))


@dataclass(frozen=True)
class Point:
    """One figure of a route: milliseconds for a median answer, or answers a second."""

    name: str
    at: int
    figure: float


def by_size(database: Database, rounds: int) -> list[Point]:
    """How long an answer takes with so many people, one request at a time."""
    points: list[Point] = []
    for size in SIZES:
        data.fresh(database, size)
        people = data.people(min(size - 40, 400))
        with served(database) as running:
            for route in READS:
                file = write_requests(route.name, [route.line(each) for each in people])
                points.append(Point(route.title, size, _median(running.port, file, rounds, 1)))
                say(f"  {size:7} people  {route.name:20} {points[-1].figure:6.2f} ms")
    return points


def by_team(database: Database, rounds: int) -> list[Point]:
    """How long reading a workspace and its first members takes, with teams of several sizes."""
    data.fresh(database, SIZES[-1])
    points: list[Point] = []
    titles = ("/v1/workspaces/{}", "/v1/workspaces/{}/members")
    with served(database) as running:
        for place, size in enumerate(data.TEAMS):
            (owner,) = data.people(1, start=place)
            for title in titles:
                path = title.format(owner.workspace)
                file = write_requests("team", [f"GET {path} {owner.token}"])
                figure = _median(running.port, file, rounds, 1)
                points.append(Point(f"GET {title.format('{workspaceId}')}", size, figure))
                say(f"  {size:7} members  {title:28} {figure:6.2f} ms")
    return points


def by_connections(database: Database) -> list[Point]:
    """Answers a second with so many requests at a time."""
    return [
        Point("GET /v1/workspaces/{workspaceId}", count, rate)
        for count in CONNECTIONS
        for rate in [_rate(database, workers=1, connections=count)]
    ]


def by_workers(database: Database) -> list[Point]:
    """Answers a second with so many processes; they have all cores."""
    return [
        Point("GET /v1/workspaces/{workspaceId}", count, rate)
        for count in WORKERS
        for rate in [_rate(database, workers=count, connections=64, core=None)]
    ]


def table(points: Iterable[Point], unit: str, digits: int) -> str:
    """A row for each route, a column for each size."""
    rows: dict[str, list[str]] = {}
    columns: list[str] = []
    for point in points:
        rows.setdefault(point.name, []).append(f"{point.figure:,.{digits}f}")
        column = f"{point.at:,}"
        if column not in columns:
            columns.append(column)
    body: list[Sequence[str]] = [[name, *figures] for name, figures in rows.items()]
    return markdown([unit, *columns], body)


def _median(port: int, file: Path, rounds: int, connections: int) -> float:
    """The least of the rounds' medians: what else the machine does only adds to it."""
    return min(_loads(port, file, rounds, connections))


def _loads(port: int, file: Path, rounds: int, connections: int) -> list[float]:
    return [
        loading.load(port, file, seconds=1, connections=connections).p50_ms
        for _ in range(rounds + 1)
    ]


def _rate(database: Database, *, workers: int, connections: int, core: int | None = 0) -> float:
    data.fresh(database, SIZES[0])
    people = data.people(SIZES[0] - 40)
    (route,) = (each for each in ROUTES if each.name == "read_workspace")
    file = write_requests(route.name, [route.line(each) for each in people])
    with served(database, workers=workers, core=core) as running:
        rates = [
            loading.load(running.port, file, seconds=2, connections=connections).per_second
            for _ in range(4)
        ]
    say(f"  {workers} workers, {connections} connections: {max(rates):.0f}/s")
    return statistics.median(sorted(rates)[-2:])
