"""Verify that a server keeps the contract: compare its responses with independent SQL."""

import json
import operator
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench.database import Database
from bench.process import RunningServer

MISSING = "00000000-0000-0000-0000-000000000000"
SAMPLE = 20
WRITERS = 3
MAX_CLOCK_SKEW_MS = 5_000  # ms

_WORKSPACE = """'id', w.id, 'name', w.name, 'description', w.description, 'ownerId', w."ownerId",
    'createdAt', w."createdAt" """
_USER = """json_build_object(
    'id', u.id, 'email', u.email, 'name', u.name, 'createdAt', u."createdAt")"""
_MEMBERS = """(SELECT json_agg(json_build_object('role', m.role, 'userId', m."userId"))
    FROM "WorkspaceMember" m WHERE m."workspaceId" = w.id)"""


@dataclass(frozen=True)
class Case:
    """A GET request and the expected response; a body of None is not compared."""

    path: str
    status: range
    body: Any = None


OK, CLIENT_ERROR, NOT_FOUND = range(200, 201), range(400, 500), range(404, 405)


def make_cases(database: Database) -> list[Case]:
    """Return the requests for every server, with the responses that SQL expects."""
    ids = database.ids()
    pick = random.Random(1)  # noqa: S311  # nothing is secret here
    users, workspaces = pick.sample(ids.users, SAMPLE), pick.sample(ids.workspaces, SAMPLE)
    pages = [(50, cursor) for cursor in workspaces[:8]]
    pages += [(7, workspaces[0]), (100, ids.workspaces[-20]), (50, ids.workspaces[-1]), (50, "")]
    return [
        *_records(database, "/users/{}", users, f'SELECT {_USER} FROM "User" u WHERE u.id = '),
        *_records(
            database,
            "/workspaces/{}",
            workspaces,
            f"""SELECT json_build_object({_WORKSPACE}, 'owner', {_USER})
            FROM "Workspace" w JOIN "User" u ON u.id = w."ownerId" WHERE w.id = """,
        ),
        *_records(
            database,
            "/users/{}/workspaces",
            users,
            f"""SELECT json_agg(json_build_object({_WORKSPACE}, 'members', {_MEMBERS})
            ORDER BY w."createdAt" DESC) FROM "Workspace" w WHERE w."ownerId" = """,
        ),
        *(_page(database, take, cursor) for take, cursor in pages),
        Case(f"/users/{MISSING}", NOT_FOUND),
        Case(f"/workspaces/{MISSING}", NOT_FOUND),
        Case(f"/users/{MISSING}/workspaces", OK, []),
        *(Case(f"/workspaces?take={take}", CLIENT_ERROR) for take in ("0", "101", "x")),
    ]


def differences(running: RunningServer, cases: list[Case], database: Database) -> list[str]:
    """Return how a server differs from the contract; reset what it wrote."""
    found = [*_reads(running, cases), *_writes(running, cases, database)]
    status, _, _ = running.request("GET", "/ready")
    if status != 200:
        found.append(f"GET /ready: {status}")
    database.reset()
    return found


def normalize(value: Any) -> Any:
    """Return a comparable body: timestamps in milliseconds, members ordered by user id."""
    if isinstance(value, list):
        return [normalize(item) for item in value]  # pyright: ignore[reportUnknownVariableType]  # JSON
    if not isinstance(value, dict):
        return value
    given: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]  # JSON
    body = {key: normalize(item) for key, item in given.items()}
    if isinstance(body.get("createdAt"), str):
        body["createdAt"] = to_milliseconds(body["createdAt"])
    if body.get("members"):
        body["members"].sort(key=operator.itemgetter("userId"))
    return body


def to_milliseconds(text: str) -> int:
    """Return a timestamp in milliseconds; without a time zone it is in UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _records(database: Database, path: str, ids: list[str], query: str) -> Iterator[Case]:
    for id_ in ids:
        yield Case(path.format(id_), OK, normalize(database.value(f"{query}'{id_}'")))


def _page(database: Database, take: int, cursor: str) -> Case:
    body = database.value(
        f"""SELECT coalesce(json_agg(json_build_object({_WORKSPACE}) ORDER BY w.id), '[]') FROM (
        SELECT * FROM "Workspace" WHERE id > '{cursor}' ORDER BY id LIMIT {take}) w"""
    )
    after = f"&cursor={cursor}" if cursor else ""
    return Case(f"/workspaces?take={take}{after}", OK, normalize(body))


def _reads(running: RunningServer, cases: list[Case]) -> Iterator[str]:
    for case in cases:
        status, kind, text = running.request("GET", case.path)
        if status not in case.status:
            yield f"GET {case.path}: {status}: {text[:300]!r}"
        elif case.body is not None and not kind.startswith("application/json"):
            yield f"GET {case.path}: its content type is {kind!r}"
        elif case.body is not None and normalize(json.loads(text)) != case.body:
            yield f"GET {case.path}: {text.decode()[:1000]} instead of {case.body}"


def _writes(running: RunningServer, cases: list[Case], database: Database) -> Iterator[str]:
    owners = [case.path.rpartition("/")[2] for case in cases if case.path.startswith("/users/")]
    for owner in owners[:WRITERS]:
        yield from _write(running, database, owner)
    owner = owners[0]
    for body in (
        {"name": "", "ownerId": owner},
        {"name": "n" * 201, "ownerId": owner},
        {"name": "without an owner"},
        {"ownerId": owner},
        {"name": "of nobody", "ownerId": MISSING},
    ):
        before = database.value('SELECT count(*) FROM "Workspace"')
        status, _, text = running.request("POST", "/workspaces", body)
        if status not in CLIENT_ERROR:
            yield f"POST {body}: {status}: {text[:300]!r}"
        if database.value('SELECT count(*) FROM "Workspace"') != before:
            yield f"POST {body}: it was refused, but written"


def _write(running: RunningServer, database: Database, owner: str) -> Iterator[str]:
    name = 'The "finest" caf\u00e9'
    status, _, text = running.request("POST", "/workspaces", {"name": name, "ownerId": owner})
    if status != 201:
        yield f"POST /workspaces: {status}: {text[:300]!r}"
        return
    created = normalize(json.loads(text))
    stored = normalize(
        database.value(
            f"""SELECT json_build_object({_WORKSPACE}, 'members', {_MEMBERS})
            FROM "Workspace" w WHERE w.id = '{created.get("id")}'"""
        )
    )
    expected = {**created, "name": name, "description": None, "ownerId": owner}
    expected["members"] = [{"role": "owner", "userId": owner}]
    if stored != expected:
        yield f"POST /workspaces: answered {created}, stored {stored}"
    elif abs(created["createdAt"] - datetime.now(UTC).timestamp() * 1000) > MAX_CLOCK_SKEW_MS:
        yield f"POST /workspaces: createdAt is not now: {created}"
