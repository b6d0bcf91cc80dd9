"""What the service's own work costs: its most used routes against a read without any of it."""

import contextlib
import os
import statistics
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from bench import load as loading
from bench.contract import write_requests
from bench.database import Database
from bench.folders import ROOT, work
from bench.measure import last_of, sample
from bench.peers import uvicorn
from bench.process import SERVER_CORE, Running, serving
from bench.programs import say
from bench.report import markdown
from bench.results import PeerResults, Results, Series, ratio
from bench.service import data
from bench.service.data import Person

PEOPLE = 2_000
BARE = "bare"
LIMIT = 1.5  # of an authenticated read, to the same one without


@dataclass(frozen=True)
class Route:
    """A route, and how somebody asks for it."""

    name: str
    title: str
    line: Callable[[Person], str]


def _get(name: str, path: str) -> Route:
    return Route(
        name,
        f"GET {path}",
        lambda who: f"GET {path.replace('{workspaceId}', who.workspace)} {who.token}",
    )


ROUTES = (
    Route(
        BARE,
        "the workspace without all that",
        lambda who: f"GET /bare/workspaces/{who.workspace} -",
    ),
    _get("read_workspace", "/v1/workspaces/{workspaceId}"),
    _get("read_me", "/v1/me"),
    _get("list_workspaces", "/v1/workspaces"),
    _get("list_members", "/v1/workspaces/{workspaceId}/members"),
    _get("list_audit_events", "/v1/workspaces/{workspaceId}/audit-events"),
    _get("list_invitations", "/v1/workspaces/{workspaceId}/invitations"),
    _get("list_sessions", "/v1/me/sessions"),
    Route(
        "switch_workspace",
        "PUT /v1/me/workspace",
        lambda who: f'PUT /v1/me/workspace {who.token} {{"workspaceId":"{who.workspace}"}}',
    ),
    Route(
        "change_workspace",
        "PATCH /v1/workspaces/{workspaceId}",
        lambda who: f'PATCH /v1/workspaces/{who.workspace} {who.token} {{"name":"Renamed"}}',
    ),
    Route(
        "create_workspace",
        "POST /v1/workspaces",
        lambda who: f'POST /v1/workspaces {who.token} {{"name":"Another"}}',
    ),
)


def measured(database: Database, *, rounds: int, seconds: int) -> Results:
    """Each route in every round, all on one server."""
    data.fresh(database, PEOPLE)
    people = data.people(PEOPLE - 40)
    files = {
        each.name: write_requests(each.name, [each.line(p) for p in people]) for each in ROUTES
    }
    series = {each.name: Series() for each in ROUTES}
    with served(database) as running:
        for turn in range(rounds + 1):
            say(f"round {turn} of {rounds}; the machine's load is {os.getloadavg()[0]:.1f}")
            for each in ROUTES:
                if turn == 0:
                    loading.load(running.port, files[each.name], seconds=1)
                    continue
                sample(running, files[each.name], seconds, series[each.name])
                say(f"  {each.name:20} {last_of(series[each.name])}")
    return Results({}, {"service": PeerResults("Tenantry", series)})


@contextlib.contextmanager
def served(
    database: Database,
    app: str = "service:app",
    *options: str,
    name: str = data.NAME,
    core: int | None = SERVER_CORE,
) -> Generator[Running]:
    """The service on the data of that name."""
    with serving(
        uvicorn(app, *options),
        log=work("logs") / f"{'-'.join([name, *options]).replace('--', '')}.log",
        env=data.settings(database, name),
        cwd=ROOT,
        core=core,
    ) as running:
        yield running


def table(results: Results) -> str:
    """Each route: its time of the processor, and its ratios to the bare read."""
    endpoints = results.peers["service"].endpoints
    bare = endpoints[BARE]
    rows: list[Sequence[str]] = []
    for route in ROUTES:
        each = endpoints[route.name]
        by_time = ratio(each.cpu_us, bare.cpu_us)
        by_rate = ratio(bare.per_second, each.per_second)
        rows.append(
            [
                route.title,
                f"{statistics.median(each.cpu_us):.0f} µs",
                f"{by_time.median:.2f} ({by_time.low:.2f} to {by_time.high:.2f})",
                f"{by_rate.median:.2f}",
                f"{statistics.median(each.p99_ms):.0f} ms",
            ]
        )
    return markdown(["", "processor", "to the bare read", "by rate", "99th percentile"], rows)
