"""ASGI without a framework, and asyncpg: how far Python goes when nothing else is asked of it."""

import asyncio
import importlib
import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import orjson

from bench.servers.sql import CREATE, OF_USER, PAGE, USER, WORKSPACE

asyncpg: Any = importlib.import_module("asyncpg")  # it has no types

Answer = tuple[int, bytes]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

CONNECTIONS = 10
LONGEST_ID, LONGEST_NAME, LONGEST_PAGE = 64, 200, 100
STATEMENTS = {
    "user": USER,
    "workspace": WORKSPACE,
    "of_user": OF_USER,
    "page": PAGE,
    "create": CREATE,
    "ready": "SELECT 1",
}
UNKNOWN: Answer = (404, b'{"detail":"There is no such thing."}')
INVALID: Answer = (422, b'{"detail":"That is not valid."}')

opened: list[Any] = []
# The prepared statements of the connections that nobody uses.
idle: asyncio.LifoQueue[dict[str, Any]] = asyncio.LifoQueue()


async def connect() -> None:
    for _ in range(CONNECTIONS):
        connection = await asyncpg.connect(os.environ["DATABASE_URL"])
        opened.append(connection)
        idle.put_nowait({name: await connection.prepare(sql) for name, sql in STATEMENTS.items()})


async def rows_of(statement: str, *values: object) -> list[Any]:
    prepared = await idle.get()
    try:
        return await prepared[statement].fetch(*values)
    finally:
        idle.put_nowait(prepared)


def json_of(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)


async def user(id_: str) -> Answer:
    rows = await rows_of("user", id_)
    return (200, json_of(dict(rows[0]))) if rows else UNKNOWN


async def workspace(id_: str) -> Answer:
    rows = await rows_of("workspace", id_)
    if not rows:
        return UNKNOWN
    found = dict(rows[0])
    found["owner"] = {
        "id": found["ownerId"],
        "email": found.pop("email"),
        "name": found.pop("ownerName"),
        "createdAt": found.pop("ownerCreatedAt"),
    }
    return 200, json_of(found)


async def workspaces_of(id_: str) -> Answer:
    found = [dict(row) for row in await rows_of("of_user", id_)]
    for each in found:
        each["members"] = orjson.Fragment(each["members"])
    return 200, json_of(found)


async def page(query: bytes) -> Answer:
    given = parse_qs(query.decode())
    take, cursor = given.get("take", ["50"])[-1], given.get("cursor", [""])[-1]
    if not take.isdecimal() or not 1 <= int(take) <= LONGEST_PAGE or len(cursor) > LONGEST_ID:
        return INVALID
    return 200, json_of([dict(row) for row in await rows_of("page", cursor, int(take))])


async def create(body: bytes) -> Answer:
    try:
        given = orjson.loads(body)
        name, owner = given["name"], given["ownerId"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return INVALID
    if not is_text(name, LONGEST_NAME) or not is_text(owner, LONGEST_ID):
        return INVALID
    try:
        rows = await rows_of("create", str(uuid4()), name, owner, str(uuid4()))
    except asyncpg.ForeignKeyViolationError:
        return UNKNOWN
    return 201, json_of(dict(rows[0]))


def is_text(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest


async def answer(scope: Scope, receive: Receive) -> Answer:
    match scope["method"], scope["path"].split("/")[1:]:
        case "GET", ["users", id_]:
            return await user(id_)
        case "GET", ["workspaces", id_]:
            return await workspace(id_)
        case "GET", ["users", id_, "workspaces"]:
            return await workspaces_of(id_)
        case "GET", ["workspaces"]:
            return await page(scope["query_string"])
        case "POST", ["workspaces"]:
            return await create(await read_body(receive))
        case "GET", ["ready"]:
            await rows_of("ready")
            return 200, b'{"status":"ready"}'
        case _:
            return UNKNOWN


async def read_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def live(receive: Receive, send: Send) -> None:
    await receive()
    await connect()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    for connection in opened:
        await connection.close()
    await send({"type": "lifespan.shutdown.complete"})


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return await live(receive, send)
    status, body = await answer(scope, receive)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return None
