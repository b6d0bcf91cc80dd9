"""Measure each choice against its alternative, and say why it was chosen."""

import contextlib
import os
import statistics
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import contract, measure, peers, verify
from bench import load as loading
from bench.contract import write_requests
from bench.database import Database
from bench.errors import BenchError
from bench.measure import format_latest, round_order, sample
from bench.process import RunningServer
from bench.programs import print_progress
from bench.report import markdown
from bench.results import PeerResults, Results, Series, ratio
from bench.service import data, routes

OURS = f"{peers.OURS}:app"


@dataclass(frozen=True)
class Server:
    """An application in bench/servers, and uvicorn's options for it."""

    app: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choice:
    """A choice, its alternative and the reason; the endpoints to measure, and both servers."""

    name: str
    chosen: str
    instead: str
    why: str
    endpoints: tuple[str, ...]
    servers: tuple[Server, Server]

    @property
    def measures_the_service(self) -> bool:
        return self.endpoints[0] in _ROUTES


def _peer(variant: str) -> Server:
    return Server(f"peer_variants:{variant}", ("--factory",))


def _service(variant: str) -> Server:
    return Server(f"service_variants:{variant}", ("--factory",))


_ROUTES = {each.name: each.title for each in routes.ROUTES}
_TITLES = {**{each.name: each.title for each in contract.ENDPOINTS}, **_ROUTES}
CHOICES = (
    Choice(
        "models",
        "one model from the query to the response",
        "the full model, converted to a response model",
        "A class that inherits from the client's `BaseWorkspace` (or a partial type) can "
        "query by itself, as `WorkspaceResponse.prisma()`, and is what the route returns. So "
        "only its own columns are read, and FastAPI only checks its class.",
        ("user", "user_workspaces", "page"),
        (_peer("unchanged"), _peer("response_models")),
    ),
    Choice(
        "dependency",
        "an `async def` dependency that awaits nothing",
        "a plain `def` one",
        "FastAPI runs plain functions in a thread. So everything is `async def`, even if it "
        "awaits nothing; `tests/test_event_loop.py` enforces it.",
        ("user",),
        (_peer("async_dependency"), _peer("plain_dependency")),
    ),
    Choice(
        "http",
        "httptools",
        "h11",
        "Its parser is written in C, h11's in Python.",
        ("user", "page"),
        (Server(OURS, ("--http", "httptools")), Server(OURS, ("--http", "h11"))),
    ),
    Choice(
        "writes",
        "a response in one write",
        "head and body in two, as uvicorn does",
        "uvicorn writes the head and the body of a response separately, which is one more "
        "system call (`app/server/connections.py`, through uvicorn's option `http`).",
        ("user", "page"),
        (Server(OURS), Server(OURS, ("--http", "httptools"))),
    ),
    Choice(
        "loop",
        "uvloop",
        "asyncio",
        "Its transports and timers are written in C.",
        ("user", "page"),
        (Server(OURS), Server(OURS, ("--loop", "asyncio"))),
    ),
    Choice(
        "collector",
        "loaded objects frozen, young generation collected after 10,000",
        "Python's default garbage collection",
        "Most objects that exist after the start live as long as the process, so the "
        "collector skips them; what a request creates is freed before the collector looks at "
        "it (`app/server/collector.py`).",
        ("user", "page"),
        (_peer("unchanged"), _peer("python_collector")),
    ),
    Choice(
        "signature",
        "a token's signature verified once",
        "verified each time",
        "A token that was verified is recognised by its hash. Its expiry is checked each "
        "time, and so is its session in the database.",
        ("read_workspace",),
        (Server("service:app"), _service("signatures_each_time")),
    ),
    Choice(
        "routes",
        "the routes in the order of their use",
        "health and accounts first",
        "FastAPI tries routes one after the other.",
        ("read_workspace",),
        (Server("service:app"), _service("routes_reversed")),
    ),
    Choice(
        "json",
        "FastAPI writes the JSON from the model",
        "a response class of orjson",
        "pydantic's Rust code writes the text from the model; with a response class, FastAPI "
        "builds Python objects first.",
        ("user", "page"),
        (_peer("unchanged"), _peer("orjson_responses")),
    ),
    Choice(
        "telemetry",
        "FastAPI's telemetry only if OpenTelemetry is set up",
        "always, with a provider look-up per request",
        "By default, FastAPI also looks into the environment on each request "
        "(`app/http/telemetry.py`).",
        ("user", "page"),
        (_peer("unchanged"), _peer("telemetry_on")),
    ),
    Choice(
        "documentation",
        "the documentation's routes last",
        "first, as FastAPI adds them",
        "They are requested least. FastAPI puts its own routes before all that are added "
        "later, so the application passes all routes at once.",
        ("user",),
        (_peer("unchanged"), _peer("documentation_first")),
    ),
    Choice(
        "proxies",
        "without uvicorn's handling of proxy headers",
        "with it",
        "The service reads these headers itself where it counts callers. The gain was too "
        "small to measure.",
        ("user",),
        (Server(OURS), Server(OURS, ("--proxy-headers",))),
    ),
    Choice(
        "log",
        "uvicorn's access log",
        "none",
        "It costs what the ratio says, and is worth it; `LOG_LEVEL=warning` turns it off.",
        ("user",),
        (Server(OURS, ("--access-log", "--log-level", "info")), Server(OURS)),
    ),
    Choice(
        "pages",
        "pages after the last id",
        "Prisma's `cursor` and `skip`",
        '`where={"id": {"gt": last}}` saves PostgreSQL a look-up and a row. The server\'s CPU '
        "time stays the same.",
        ("page",),
        (_peer("unchanged"), _peer("cursor_pages")),
    ),
)


def measure_choices(database: Database, selected: Sequence[Choice], plan: measure.Plan) -> Results:
    """Measure both sides of each choice, one choice after the other."""
    database.recreate()
    data.recreate(database, routes.PEOPLE)
    cases, files = verify.make_cases(database), _write_requests(database)
    results = Results(measure.settings(plan))
    for choice in selected:
        print_progress(f"{choice.name}; the machine's load: {os.getloadavg()[0]:.1f}")
        with _start_servers(choice, database) as servers:
            if not choice.measures_the_service:
                _verify(servers, cases, database)
            measured = _measure_choice(choice, servers, files, plan)
        for name, series in measured.items():
            results.peers[name] = PeerResults(name, series)
    return results


def table(results: Results) -> str:
    """Return a row for each choice and endpoint, with the alternative's time as a ratio."""
    rows: list[Sequence[str]] = []
    for choice in CHOICES:
        chosen, instead = (results.peers.get(name) for name in _sides(choice))
        if chosen is None or instead is None:
            continue
        for endpoint in choice.endpoints:
            times = chosen.endpoints[endpoint].cpu_us
            alternative_times = instead.endpoints[endpoint].cpu_us
            measured = ratio(alternative_times, times)
            rows.append(
                [
                    choice.chosen,
                    choice.instead,
                    _TITLES[endpoint],
                    f"{statistics.median(times):.0f} µs",
                    f"{statistics.median(alternative_times):.0f} µs",
                    f"*{measured}*" if measured.low <= 1 <= measured.high else str(measured),
                ]
            )
    head = ["choice", "instead of", "measured on", "chosen", "instead", "ratio"]
    return markdown(head, rows, text_columns=3)


def reasons() -> str:
    """Return the list of reasons."""
    return "\n".join(
        f"- **{choice.chosen}**, not {choice.instead}. {choice.why}" for choice in CHOICES
    )


def _sides(choice: Choice) -> tuple[str, str]:
    return f"{choice.name}, chosen", f"{choice.name}, instead"


def _write_requests(database: Database) -> dict[str, Path]:
    """Write the requests of every endpoint that a choice is measured on."""
    ids = database.ids()
    people = data.people(routes.PEOPLE - 40)
    lines = {each.name: each.requests(ids) for each in contract.ENDPOINTS if not each.writes}
    lines |= {each.name: [each.line(person) for person in people] for each in routes.ROUTES}
    return {
        name: write_requests(name, lines[name])
        for name in dict.fromkeys(name for choice in CHOICES for name in choice.endpoints)
    }


@contextlib.contextmanager
def _start_servers(choice: Choice, database: Database) -> Generator[dict[str, RunningServer]]:
    with contextlib.ExitStack() as stack:
        servers: dict[str, RunningServer] = {}
        for name, server in zip(_sides(choice), choice.servers, strict=True):
            if choice.measures_the_service:
                starting = routes.start_service(database, server.app, *server.options)
            else:
                starting = measure.start_peer(
                    peers.ours(name, server.app, *server.options), database
                )
            servers[name] = stack.enter_context(starting)
        yield servers


def _verify(
    servers: Mapping[str, RunningServer], cases: list[verify.Case], database: Database
) -> None:
    for name, server in servers.items():
        differences = verify.differences(server, cases, database)
        if differences:
            raise BenchError(f"{name} differs from the contract:\n" + "\n".join(differences[:20]))


def _measure_choice(
    choice: Choice,
    servers: Mapping[str, RunningServer],
    files: Mapping[str, Path],
    plan: measure.Plan,
) -> dict[str, dict[str, Series]]:
    measured = {name: {each: Series() for each in choice.endpoints} for name in servers}
    for endpoint in choice.endpoints:
        for server in servers.values():
            loading.load(server.port, files[endpoint], seconds=plan.warm_up, seed=2)
    for turn in range(plan.rounds):
        for endpoint in choice.endpoints:
            for name in round_order(list(servers), turn):
                sample(servers[name], files[endpoint], plan.seconds, measured[name][endpoint])
                print_progress(
                    f"  {name:20} {endpoint:16} {format_latest(measured[name][endpoint])}"
                )
    return measured
