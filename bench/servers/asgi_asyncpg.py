"""A plain ASGI application with asyncpg: the least work that Python can do for a response."""

import asyncio
import importlib
import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import orjson

from bench.servers.sql import CREATE, PAGE, USER, USER_WORKSPACES, WORKSPACE

asyncpg: Any = importlib.import_module("asyncpg")  # asyncpg has no type hints

Response = tuple[int, bytes]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

CONNECTIONS = 10
MAX_ID_LENGTH, MAX_NAME_LENGTH, MAX_TAKE = 64, 200, 100
STATEMENTS = {
    "user": USER,
    "workspace": WORKSPACE,
    "user_workspaces": USER_WORKSPACES,
    "page": PAGE,
    "create": CREATE,
    "ready": "SELECT 1",
}
NOT_FOUND: Response = (404, b'{"detail":"Not found."}')
INVALID: Response = (422, b'{"detail":"Invalid input."}')

connections: list[Any] = []
# The prepared statements of each idle connection.
idle: asyncio.LifoQueue[dict[str, Any]] = asyncio.LifoQueue()


async def connect() -> None:
    for _ in range(CONNECTIONS):
        connection = await asyncpg.connect(os.environ["DATABASE_URL"])
        connections.append(connection)
        idle.put_nowait({name: await connection.prepare(sql) for name, sql in STATEMENTS.items()})


async def fetch(statement: str, *values: object) -> list[Any]:
    prepared = await idle.get()
    try:
        return await prepared[statement].fetch(*values)
    finally:
        idle.put_nowait(prepared)


def to_json(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z)


async def user(id_: str) -> Response:
    rows = await fetch("user", id_)
    return (200, to_json(dict(rows[0]))) if rows else NOT_FOUND


async def workspace(id_: str) -> Response:
    rows = await fetch("workspace", id_)
    if not rows:
        return NOT_FOUND
    record = dict(rows[0])
    record["owner"] = {
        "id": record["ownerId"],
        "email": record.pop("email"),
        "name": record.pop("ownerName"),
        "createdAt": record.pop("ownerCreatedAt"),
    }
    return 200, to_json(record)


async def user_workspaces(id_: str) -> Response:
    records = [dict(row) for row in await fetch("user_workspaces", id_)]
    for each in records:
        each["members"] = orjson.Fragment(each["members"])
    return 200, to_json(records)


async def page(query: bytes) -> Response:
    parameters = parse_qs(query.decode())
    take, cursor = parameters.get("take", ["50"])[-1], parameters.get("cursor", [""])[-1]
    if not take.isdecimal() or not 1 <= int(take) <= MAX_TAKE or len(cursor) > MAX_ID_LENGTH:
        return INVALID
    return 200, to_json([dict(row) for row in await fetch("page", cursor, int(take))])


async def create(body: bytes) -> Response:
    try:
        data = orjson.loads(body)
        name, owner = data["name"], data["ownerId"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return INVALID
    if not is_text(name, MAX_NAME_LENGTH) or not is_text(owner, MAX_ID_LENGTH):
        return INVALID
    try:
        rows = await fetch("create", str(uuid4()), name, owner, str(uuid4()))
    except asyncpg.ForeignKeyViolationError:
        return NOT_FOUND
    return 201, to_json(dict(rows[0]))


def is_text(value: object, max_length: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= max_length


async def handle(scope: Scope, receive: Receive) -> Response:
    match scope["method"], scope["path"].split("/")[1:]:
        case "GET", ["users", id_]:
            return await user(id_)
        case "GET", ["workspaces", id_]:
            return await workspace(id_)
        case "GET", ["users", id_, "workspaces"]:
            return await user_workspaces(id_)
        case "GET", ["workspaces"]:
            return await page(scope["query_string"])
        case "POST", ["workspaces"]:
            return await create(await read_body(receive))
        case "GET", ["ready"]:
            await fetch("ready")
            return 200, b'{"status":"ready"}'
        case _:
            return NOT_FOUND


async def read_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def lifespan(receive: Receive, send: Send) -> None:
    await receive()
    await connect()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    for connection in connections:
        await connection.close()
    await send({"type": "lifespan.shutdown.complete"})


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    status, body = await handle(scope, receive)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return None
