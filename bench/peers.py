"""The servers to compare, and the command that starts each."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.folders import NODE
from bench.names import select
from bench.setup import node_program

CONNECTIONS = 10
OURS = "fastapi_prisma"
BASELINE = "fastify_prisma"


def uvicorn(app: str, *options: str) -> Callable[[int], list[str]]:
    """Return a function from a port to the command of a Python server.

    uvicorn uses the last of repeated options, so `options` can override the defaults.
    """

    def command(port: int) -> list[str]:
        return [
            sys.executable, "-m", "uvicorn", f"bench.servers.{app}", "--host", "127.0.0.1",
            "--port", str(port), "--loop", "uvloop", "--http", "app.server.connections:Connection",
            "--no-access-log", "--log-level", "warning", "--no-proxy-headers", *options,
        ]  # fmt: skip

    return command


@dataclass(frozen=True)
class Peer:
    """A server: its name in the results, its title in tables, its command for a port."""

    name: str
    title: str
    command: Callable[[int], list[str]]
    env: dict[str, str] = field(default_factory=dict[str, str])
    url_parameters: str = ""
    needs_node: bool = False


def ours(title: str, app: str, *options: str) -> Peer:
    """Return our server, or a variant of it."""
    name = "-".join([app.replace(":", "-"), *options]).replace("--", "") if options else OURS
    url_parameters = f"?connection_limit={CONNECTIONS}"
    return Peer(name, title, uvicorn(app, *options), url_parameters=url_parameters)


def _node(name: str, title: str, program: str, **env: str) -> Peer:
    def command(_: int) -> list[str]:
        return [*node_program("node"), str(NODE / "dist" / f"{program}.js")]

    return Peer(name, title, command, {"NODE_ENV": "production", **env}, needs_node=True)


PEERS = (
    ours("FastAPI + Prisma Client Python on prisma-wasm", f"{OURS}:app"),
    _node(BASELINE, "Fastify + Prisma 7", "prisma"),
    _node("fastify_prisma_as_ours", "Fastify + Prisma 7, set as ours", "prisma", AS_OURS="1"),
    _node("fastify_drizzle", "Fastify + Drizzle", "drizzle"),
    Peer("fastapi_sqlalchemy", "FastAPI + SQLAlchemy 2", uvicorn("fastapi_sqlalchemy:app")),
    Peer("fastapi_asyncpg", "FastAPI + asyncpg by hand", uvicorn("fastapi_asyncpg:app")),
    Peer(
        "fastapi_asyncpg_as_ours",
        "FastAPI + asyncpg by hand, set as ours",
        uvicorn("fastapi_asyncpg_as_ours:app"),
    ),
    Peer("asgi_asyncpg", "bare ASGI + asyncpg", uvicorn("asgi_asyncpg:app")),
)


def select_peers(names: str) -> tuple[Peer, ...]:
    """Return the servers in a comma-separated list of names, or all if it is empty."""
    return select(names, PEERS, "peer")
