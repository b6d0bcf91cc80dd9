"""The servers that are compared, and how each is started."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.folders import NODE
from bench.names import named
from bench.setup import node_program

CONNECTIONS = 10
OURS = "fastapi_prisma"
BASELINE = "fastify_prisma"


def uvicorn(app: str, *options: str) -> Callable[[int], list[str]]:
    """The command line of a Python server, for a port; of options given twice the last counts."""

    def command(port: int) -> list[str]:
        return [
            sys.executable, "-m", "uvicorn", f"bench.servers.{app}", "--host", "127.0.0.1",
            "--port", str(port), "--loop", "uvloop", "--http", "app.kit.connections:Connection",
            "--no-access-log", "--log-level", "warning", "--no-proxy-headers", *options,
        ]  # fmt: skip

    return command


def _node(program: str) -> Callable[[int], list[str]]:
    return lambda _: [*node_program("node"), str(NODE / "dist" / f"{program}.js")]


@dataclass(frozen=True)
class Peer:
    """A server: its name in figures, its title in tables, its command line for a port."""

    name: str
    title: str
    command: Callable[[int], list[str]]
    url_parameters: str = ""
    env: dict[str, str] = field(default_factory=dict[str, str])


def ours(title: str, app: str, *options: str) -> Peer:
    """Our server, or one that does one thing otherwise."""
    name = app.replace(":", "-") if options else OURS
    return Peer(name, title, uvicorn(app, *options), f"?connection_limit={CONNECTIONS}")


PEERS = (
    ours("FastAPI + Prisma Client Python on prisma-wasm", f"{OURS}:app"),
    Peer(BASELINE, "Fastify + Prisma 7", _node("prisma"), env={"NODE_ENV": "production"}),
    Peer("fastify_drizzle", "Fastify + Drizzle", _node("drizzle"), env={"NODE_ENV": "production"}),
    Peer("fastapi_sqlalchemy", "FastAPI + SQLAlchemy 2", uvicorn("fastapi_sqlalchemy:app")),
    Peer("fastapi_asyncpg", "FastAPI + asyncpg by hand", uvicorn("fastapi_asyncpg:app")),
    Peer(
        "fastapi_asyncpg_as_ours",
        "FastAPI + asyncpg by hand, set as ours",
        uvicorn("fastapi_asyncpg_as_ours:app"),
    ),
    Peer("asgi_asyncpg", "bare ASGI + asyncpg", uvicorn("asgi_asyncpg:app")),
)


def chosen(names: str) -> tuple[Peer, ...]:
    """The peers of a comma-separated list; all where it is empty."""
    return named(names, PEERS, "peer")
