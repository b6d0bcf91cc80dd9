"""What the tests of this folder do with a client, and ask of it."""

from contextlib import AbstractContextManager
from typing import Any

from prisma_wasm import scoped


def as_user(name: str | None) -> AbstractContextManager[None]:
    return scoped({"app.user_id": name})


def reading_as(name: str | None) -> AbstractContextManager[None]:
    """A read-only scope of a user."""
    return scoped({"app.user_id": name, "transaction_read_only": "on"})


async def setting(db: Any, name: str = "app.user_id") -> str:
    """A setting as the server has it for a query of this client; empty if it has none."""
    row = await db.query_first("SELECT current_setting($1, true) AS value", name)
    return row["value"] or ""


async def owners(db: Any) -> list[str]:
    """Whose notes a query of this client sees."""
    return sorted({note.owner for note in await db.note.find_many()})


async def pid(db: Any) -> int:
    """The server's process behind a client's connection."""
    row = await db.query_first("SELECT pg_backend_pid() AS pid")
    return row["pid"]


async def assert_nothing_leaks(db: Any) -> None:
    """Nobody has nothing, and two users have what is theirs, in settings and in rows."""
    assert (await setting(db), await owners(db)) == ("", [])
    for name in ("ben", "ada"):
        with as_user(name):
            assert (await owners(db), await setting(db)) == ([name], name)
    assert (await owners(db), await setting(db)) == ([], "")
