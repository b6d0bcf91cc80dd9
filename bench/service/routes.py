"""Measure the service's most used routes against a bare read of the same application."""

import contextlib
import os
import statistics
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

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
from bench.service import data, studios
from bench.service.data import Person
from bench.service.studios import LENGTHS, Notification, Studio

T = TypeVar("T")

PEOPLE = 2_000
READ, PROJECT = "read_workspace", "read_project"
SERVICE = "service"
TARGET = 1.5  # the greatest ratio of an authenticated read to the bare one
WITH_TARGET = {READ: "a workspace", PROJECT: "a project by an inherited role"}
APPEND_TARGET = 1.1  # the greatest ratio of an append to the longest conversation to the shortest
WEBHOOK_TARGET_MS = 250


@dataclass(frozen=True)
class Route(Generic[T]):
    """A route, and the line of a request to it (see `bench.contract.Endpoint`).

    The line belongs to a person, a studio or a notification.
    """

    name: str
    title: str
    line: Callable[[T], str]
    writes: bool = False


def _get(name: str, path: str) -> Route[Person]:
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


def _append(length: int) -> Route[Studio]:
    body = '{"author":"STAFF","text":"There is a place left: see you on Monday at 18:00."}'

    def line(studio: Studio) -> str:
        path = f"/v1/tenants/{studio.tenant}/conversations/{studio.conversation(length)}/turns"
        return f"POST {path} {studio.token} {body}"

    title = f"POST .../conversations/{{conversationId}}/turns after {length:,} turns"
    return Route(f"append_after_{length}", title, line, writes=True)


BARE = Route[Person](
    "bare",
    "the bare read of a workspace",
    lambda person: f"GET /bare/workspaces/{person.workspace} -",
)
ROUTES: tuple[Route[Person], ...] = (
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
APPENDS = tuple(map(_append, LENGTHS))
WEBHOOK = Route[Notification](
    "webhook",
    "POST /v1/webhooks/whatsapp, a message of a known contact",
    lambda each: f"POST /v1/webhooks/whatsapp {each.signature} {each.body}",
    writes=True,
)
MEASURED: tuple[Route[Any], ...] = (*ROUTES, *APPENDS, WEBHOOK)


def measure_routes(database: Database, plan: Plan) -> Results:
    """Measure each route in every round next to the bare read, on one server and the same rows."""
    data.recreate(database, PEOPLE)
    studios.fill(database)
    files = _write_requests()
    series, bare_series = ({each.name: Series() for each in MEASURED} for _ in range(2))
    results = Results(
        settings(plan),
        {SERVICE: PeerResults("Tenantry", series), BARE.name: PeerResults(BARE.title, bare_series)},
    )
    with start_service(database) as running:
        for each in (BARE, *MEASURED):
            warm_up = loading.load(running.port, files[each.name], seconds=plan.warm_up)
            if each is WEBHOOK:
                studios.require_messages(database, warm_up.requests)
        _reset(database)
        for turn in range(plan.rounds):
            print_progress(
                f"round {turn + 1} of {plan.rounds}; the machine's load: {os.getloadavg()[0]:.1f}"
            )
            for each in round_order(MEASURED, turn):
                pair = (BARE, bare_series), (each, series)
                for route, figures in round_order(pair, turn):
                    sample(running, files[route.name], plan.seconds, figures[each.name])
                print_progress(f"  {each.name:20} {format_latest(series[each.name])}")
                if each.writes:
                    _reset(database)
    return results


def _write_requests() -> dict[str, Path]:
    """Write the requests to each route to a file; return the files by the routes' names."""
    people, tenants = data.people(PEOPLE - 40), studios.studios()
    lines = {each.name: [each.line(person) for person in people] for each in (BARE, *ROUTES)}
    lines |= {each.name: [each.line(studio) for studio in tenants] for each in APPENDS}
    lines[WEBHOOK.name] = [WEBHOOK.line(each) for each in studios.notifications()]
    return {name: write_requests(name, requests) for name, requests in lines.items()}


def _reset(database: Database) -> None:
    """Undo what the routes that write have written; the service stays connected."""
    studios.reset(database)
    data.reset(database)


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
    """Return a table with the times of each route and its ratios to the bare read."""
    bare = results.peers[BARE.name].endpoints
    times = [time for each in bare.values() for time in each.cpu_us]
    rows: list[Sequence[str]] = [
        [BARE.title, f"{statistics.median(times):.0f} µs", "1.00", "", "", ""]
    ]
    for route in MEASURED:
        each, beside = results.peers[SERVICE].endpoints[route.name], bare[route.name]
        by_time = ratio(each.cpu_us, beside.cpu_us)
        by_rate = ratio(beside.per_second, each.per_second)
        rows.append(
            [
                route.title,
                f"{statistics.median(each.cpu_us):.0f} µs",
                str(by_time),
                f"{by_rate.median:.2f}",
                f"{statistics.median(each.p50_ms):.0f} ms",
                f"{statistics.median(each.p99_ms):.0f} ms",
            ]
        )
    head = ["", "CPU time", "to the bare read", "by rate", "median", "99th percentile"]
    return markdown(head, rows)


def describe_targets(results: Results) -> str:
    """Say whether the routes that have a target meet it."""
    return "\n\n".join(
        (_describe_reads(results), _describe_appends(results), _describe_webhook(results))
    )


def _describe_reads(results: Results) -> str:
    sentences = [f"The target: these reads take at most {TARGET} times the bare one."]
    for name, title in WITH_TARGET.items():
        read, bare = (results.peers[peer].endpoints[name] for peer in (SERVICE, BARE.name))
        measured = ratio(read.cpu_us, bare.cpu_us)
        met = _met(measured.median <= TARGET)
        sentences.append(f"A read of {title} takes {measured.median:.2f} times: {met}.")
    return " ".join(sentences)


def _describe_appends(results: Results) -> str:
    series = results.peers[SERVICE].endpoints
    shortest, longest = series[APPENDS[0].name], series[APPENDS[-1].name]
    measured = ratio(longest.p50_ms, shortest.p50_ms)
    return (
        "The target: appending a turn is flat, so that after "
        f"{LENGTHS[-1]:,} turns it takes at most {APPEND_TARGET} times as long as after "
        f"{LENGTHS[0]} (by the median response times of each round). It takes {measured} times "
        f"as long: {_met(measured.median <= APPEND_TARGET)}."
    )


def _describe_webhook(results: Results) -> str:
    median = statistics.median(results.peers[SERVICE].endpoints[WEBHOOK.name].p50_ms)
    return (
        "The target: the median response time of the WhatsApp webhook is under "
        f"{WEBHOOK_TARGET_MS} ms. It is {median:.0f} ms: {_met(median < WEBHOOK_TARGET_MS)}."
    )


def _met(is_met: bool) -> str:
    return "met" if is_met else "**not met**"
