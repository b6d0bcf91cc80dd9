"""Measure the service's most used routes against a bare read of the same application."""

import contextlib
import os
import statistics
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from bench import load as loading
from bench.contract import write_requests
from bench.database import Database
from bench.folders import ROOT, work
from bench.measure import Plan, format_latest, round_order, sample, settings
from bench.peers import uvicorn
from bench.process import SERVER_CORE, RunningServer, serving
from bench.programs import print_progress
from bench.report import markdown
from bench.results import PeerResults, Results, Series, ratio
from bench.service import data
from bench.service.data import Person

PEOPLE = 2_000
READ, PROJECT = "read_workspace", "read_project"
SERVICE = "service"
TARGET = 1.5  # the greatest ratio of an authenticated read to the bare one
WITH_TARGET = {READ: "a workspace", PROJECT: "a project by an inherited role"}


@dataclass(frozen=True)
class Route:
    """A route, and the line of a request to it (see `bench.contract.Endpoint`)."""

    name: str
    title: str
    line: Callable[[Person], str]
    writes: bool = False


def _get(name: str, path: str) -> Route:
    def line(person: Person) -> str:
        ids = {
            "{workspaceId}": person.workspace,
            "{organizationId}": person.organization,
            "{projectId}": person.project,
        }
        filled = path
        for parameter, id_ in ids.items():
            filled = filled.replace(parameter, id_)
        return f"GET {filled} {person.token}"

    return Route(name, f"GET {path}", line)


BARE = Route(
    "bare",
    "the bare read of a workspace",
    lambda person: f"GET /bare/workspaces/{person.workspace} -",
)
ROUTES = (
    _get(READ, "/v1/workspaces/{workspaceId}"),
    _get("read_me", "/v1/me"),
    _get("list_workspaces", "/v1/workspaces"),
    _get("list_members", "/v1/workspaces/{workspaceId}/members"),
    _get("list_audit_events", "/v1/workspaces/{workspaceId}/audit-events"),
    _get("list_invitations", "/v1/workspaces/{workspaceId}/invitations"),
    _get("list_sessions", "/v1/me/sessions"),
    _get(PROJECT, "/v1/organizations/{organizationId}/projects/{projectId}"),
    Route(
        "list_project_members",
        f"GET .../members of a project, {data.LARGE} members",
        lambda who: f"GET {data.LARGE_PROJECT}/members {who.token}",
    ),
    Route(
        "switch_workspace",
        "PUT /v1/me/workspace",
        lambda who: f'PUT /v1/me/workspace {who.token} {{"workspaceId":"{who.workspace}"}}',
        writes=True,
    ),
    Route(
        "change_workspace",
        "PATCH /v1/workspaces/{workspaceId}",
        lambda who: f'PATCH /v1/workspaces/{who.workspace} {who.token} {{"name":"Renamed"}}',
        writes=True,
    ),
    Route(
        "create_workspace",
        "POST /v1/workspaces",
        lambda who: f'POST /v1/workspaces {who.token} {{"name":"Another"}}',
        writes=True,
    ),
)


def measure_routes(database: Database, plan: Plan) -> Results:
    """Measure each route in every round next to the bare read, on one server and the same rows."""
    data.recreate(database, PEOPLE)
    people = data.people(PEOPLE - 40)
    files = {
        each.name: write_requests(each.name, [each.line(p) for p in people])
        for each in (BARE, *ROUTES)
    }
    series, bare_series = ({each.name: Series() for each in ROUTES} for _ in range(2))
    results = Results(
        settings(plan),
        {SERVICE: PeerResults("Tenantry", series), BARE.name: PeerResults(BARE.title, bare_series)},
    )
    with start_service(database) as running:
        for each in (BARE, *ROUTES):
            loading.load(running.port, files[each.name], seconds=plan.warm_up)
        data.reset(database)
        for turn in range(plan.rounds):
            print_progress(
                f"round {turn + 1} of {plan.rounds}; the machine's load: {os.getloadavg()[0]:.1f}"
            )
            for each in round_order(ROUTES, turn):
                pair = (BARE, bare_series), (each, series)
                for route, figures in round_order(pair, turn):
                    sample(running, files[route.name], plan.seconds, figures[each.name])
                print_progress(f"  {each.name:20} {format_latest(series[each.name])}")
                if each.writes:
                    data.reset(database)
    return results


@contextlib.contextmanager
def start_service(
    database: Database,
    app: str = "service:app",
    *options: str,
    name: str = data.NAME,
    core: int | None = SERVER_CORE,
) -> Generator[RunningServer]:
    """Run the service on the data of this name within the block."""
    with serving(
        uvicorn(app, *options),
        log=work("logs") / f"{'-'.join([name, *options]).replace('--', '')}.log",
        env=data.settings(database, name),
        cwd=ROOT,
        core=core,
    ) as running:
        yield running


def table(results: Results) -> str:
    """Return a table with the CPU time of each route and its ratios to the bare read."""
    bare = results.peers[BARE.name].endpoints
    times = [time for each in bare.values() for time in each.cpu_us]
    rows: list[Sequence[str]] = [[BARE.title, f"{statistics.median(times):.0f} µs", "1.00", "", ""]]
    for route in ROUTES:
        each, beside = results.peers[SERVICE].endpoints[route.name], bare[route.name]
        by_time = ratio(each.cpu_us, beside.cpu_us)
        by_rate = ratio(beside.per_second, each.per_second)
        rows.append(
            [
                route.title,
                f"{statistics.median(each.cpu_us):.0f} µs",
                str(by_time),
                f"{by_rate.median:.2f}",
                f"{statistics.median(each.p99_ms):.0f} ms",
            ]
        )
    return markdown(["", "CPU time", "to the bare read", "by rate", "99th percentile"], rows)


def describe_target(results: Results) -> str:
    """Say whether the reads that have a target meet it."""
    sentences = [f"The target: these reads take at most {TARGET} times the bare one."]
    for name, title in WITH_TARGET.items():
        read, bare = (results.peers[peer].endpoints[name] for peer in (SERVICE, BARE.name))
        measured = ratio(read.cpu_us, bare.cpu_us)
        met = "met" if measured.median <= TARGET else "**not met**"
        sentences.append(f"A read of {title} takes {measured.median:.2f} times: {met}.")
    return " ".join(sentences)
