"""The contract that all servers implement: its endpoints, and the requests of the load."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.folders import work


@dataclass(frozen=True)
class Ids:
    """The ids of the seeded rows, in ascending order."""

    users: list[str]
    workspaces: list[str]


@dataclass(frozen=True)
class Endpoint:
    """One endpoint; `requests` returns one line per request: METHOD PATH TOKEN [BODY].

    TOKEN is - if the request has none, or another header as NAME:VALUE.
    """

    name: str
    title: str
    requests: Callable[[Ids], list[str]]
    writes: bool = False


ENDPOINTS = (
    Endpoint("user", "GET /users/{id}", lambda ids: [f"GET /users/{id_} -" for id_ in ids.users]),
    Endpoint(
        "workspace",
        "GET /workspaces/{id}",
        lambda ids: [f"GET /workspaces/{id_} -" for id_ in ids.workspaces],
    ),
    Endpoint(
        "user_workspaces",
        "GET /users/{id}/workspaces",
        lambda ids: [f"GET /users/{id_}/workspaces -" for id_ in ids.users],
    ),
    Endpoint(
        "page",
        "GET /workspaces?take=50&cursor=ID",
        lambda ids: [f"GET /workspaces?take=50&cursor={id_} -" for id_ in ids.workspaces],
    ),
    Endpoint("ready", "GET /ready", lambda _: ["GET /ready -"]),
    Endpoint(
        "create",
        "POST /workspaces",
        lambda ids: [
            f'POST /workspaces - {{"name":"Load workspace {number}","ownerId":"{id_}"}}'
            for number, id_ in enumerate(ids.users)
        ],
        writes=True,
    ),
)


def write_requests(name: str, lines: Sequence[str]) -> Path:
    """Write the requests to a file for the load generator, shuffled; return the file."""
    shuffled = list(lines)
    random.Random(name).shuffle(shuffled)  # noqa: S311  # nothing is secret here
    file = work("requests") / f"{name}.txt"
    file.write_text("\n".join(shuffled) + "\n", encoding="utf-8")
    return file
