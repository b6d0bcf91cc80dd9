"""Does a server keep the contract? Its answers are compared with SQL that knows nothing of it."""

import json
import operator
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench.database import Database
from bench.process import Running

MISSING = "00000000-0000-0000-0000-000000000000"
SAMPLE = 20
WRITERS = 3
CLOCKS_DIFFER_BY = 5_000  # ms

_WORKSPACE = """'id', w.id, 'name', w.name, 'description', w.description, 'ownerId', w."ownerId",
    'createdAt', w."createdAt" """
_PERSON = """json_build_object(
    'id', u.id, 'email', u.email, 'name', u.name, 'createdAt', u."createdAt")"""
_STAFF = """(SELECT json_agg(json_build_object('role', m.role, 'userId', m."userId"))
    FROM "WorkspaceMember" m WHERE m."workspaceId" = w.id)"""


@dataclass(frozen=True)
class Case:
    """A GET request and what it must give; the body is of no interest where it is None."""

    path: str
    status: range
    body: Any = None


OK, CLIENTS_FAULT, NOT_FOUND = range(200, 201), range(400, 500), range(404, 405)


def cases(database: Database) -> list[Case]:
    """What is asked of every server."""
    ids = database.ids()
    pick = random.Random(1)  # noqa: S311  # nothing is secret here
    users, workspaces = pick.sample(ids.users, SAMPLE), pick.sample(ids.workspaces, SAMPLE)
    pages = [(50, cursor) for cursor in workspaces[:8]]
    pages += [(7, workspaces[0]), (100, ids.workspaces[-20]), (50, ids.workspaces[-1]), (50, "")]
    return [
        *_records(database, "/users/{}", users, f'SELECT {_PERSON} FROM "User" u WHERE u.id = '),
        *_records(
            database,
            "/workspaces/{}",
            workspaces,
            f"""SELECT json_build_object({_WORKSPACE}, 'owner', {_PERSON})
            FROM "Workspace" w JOIN "User" u ON u.id = w."ownerId" WHERE w.id = """,
        ),
        *_records(
            database,
            "/users/{}/workspaces",
            users,
            f"""SELECT json_agg(json_build_object({_WORKSPACE}, 'members', {_STAFF})
            ORDER BY w."createdAt" DESC) FROM "Workspace" w WHERE w."ownerId" = """,
        ),
        *(_page(database, take, cursor) for take, cursor in pages),
        Case(f"/users/{MISSING}", NOT_FOUND),
        Case(f"/workspaces/{MISSING}", NOT_FOUND),
        Case(f"/users/{MISSING}/workspaces", OK, []),
        *(Case(f"/workspaces?take={take}", CLIENTS_FAULT) for take in ("0", "101", "x")),
    ]


def differences(running: Running, asked: list[Case], database: Database) -> list[str]:
    """Where a server differs from the contract; it writes, so the database is reset behind it."""
    found = [*_reads(running, asked), *_writes(running, asked, database)]
    status, _, _ = running.request("GET", "/ready")
    if status != 200:
        found.append(f"GET /ready: {status}")
    database.reset()
    return found


def normal(value: Any) -> Any:
    """A body to compare: moments in milliseconds of UTC, members in the order of their users."""
    if isinstance(value, list):
        return [normal(item) for item in value]  # pyright: ignore[reportUnknownVariableType]  # JSON
    if not isinstance(value, dict):
        return value
    given: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]  # JSON
    body = {key: normal(item) for key, item in given.items()}
    if isinstance(body.get("createdAt"), str):
        body["createdAt"] = milliseconds(body["createdAt"])
    if body.get("members"):
        body["members"].sort(key=operator.itemgetter("userId"))
    return body


def milliseconds(text: str) -> int:
    """A moment, which is in UTC where it names no zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _records(database: Database, path: str, ids: list[str], query: str) -> Iterator[Case]:
    for id_ in ids:
        yield Case(path.format(id_), OK, normal(database.value(f"{query}'{id_}'")))


def _page(database: Database, take: int, cursor: str) -> Case:
    body = database.value(
        f"""SELECT coalesce(json_agg(json_build_object({_WORKSPACE}) ORDER BY w.id), '[]') FROM (
        SELECT * FROM "Workspace" WHERE id > '{cursor}' ORDER BY id LIMIT {take}) w"""
    )
    after = f"&cursor={cursor}" if cursor else ""
    return Case(f"/workspaces?take={take}{after}", OK, normal(body))


def _reads(running: Running, asked: list[Case]) -> Iterator[str]:
    for case in asked:
        status, kind, text = running.request("GET", case.path)
        if status not in case.status:
            yield f"GET {case.path}: {status}: {text[:300]!r}"
        elif case.body is not None and not kind.startswith("application/json"):
            yield f"GET {case.path}: its content type is {kind!r}"
        elif case.body is not None and normal(json.loads(text)) != case.body:
            yield f"GET {case.path}: {text.decode()[:1000]} instead of {case.body}"


def _writes(running: Running, asked: list[Case], database: Database) -> Iterator[str]:
    owners = [case.path.rpartition("/")[2] for case in asked if case.path.startswith("/users/")]
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
        if status not in CLIENTS_FAULT:
            yield f"POST {body}: {status}: {text[:300]!r}"
        if database.value('SELECT count(*) FROM "Workspace"') != before:
            yield f"POST {body}: it was refused, and yet written"


def _write(running: Running, database: Database, owner: str) -> Iterator[str]:
    name = 'The "finest" caf\u00e9'
    status, _, text = running.request("POST", "/workspaces", {"name": name, "ownerId": owner})
    if status != 201:
        yield f"POST /workspaces: {status}: {text[:300]!r}"
        return
    made = normal(json.loads(text))
    stored = normal(
        database.value(
            f"""SELECT json_build_object({_WORKSPACE}, 'members', {_STAFF})
            FROM "Workspace" w WHERE w.id = '{made.get("id")}'"""
        )
    )
    wanted = {**made, "name": name, "description": None, "ownerId": owner}
    wanted["members"] = [{"role": "owner", "userId": owner}]
    if stored != wanted:
        yield f"POST /workspaces: answered {made}, stored {stored}"
    elif abs(made["createdAt"] - datetime.now(UTC).timestamp() * 1000) > CLOCKS_DIFFER_BY:
        yield f"POST /workspaces: createdAt is not now: {made}"
