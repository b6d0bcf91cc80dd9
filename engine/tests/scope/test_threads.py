"""Scopes of synchronous clients and of threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

from .acting import as_user, reading_as

_LIMIT = 120


@pytest.fixture
def db(sync_prisma: Any, url: str) -> Iterator[Any]:
    """A synchronous client with two connections."""
    client = sync_prisma.Prisma(datasource={"url": f"{url}?connection_limit=2"})
    client.connect()
    yield client
    client.disconnect()


def _seen(db: Any) -> tuple[str, list[str]]:
    row = db.query_first("SELECT current_setting('app.user_id', true) AS value")
    return row["value"] or "", sorted({note.owner for note in db.note.find_many()})


def test_the_synchronous_client(db: Any) -> None:
    """Queries, batches and transactions, one block after the other and in each other."""
    assert _seen(db) == ("", [])
    with as_user("ada"):
        assert _seen(db) == ("ada", ["ada"])
        with as_user("ben"), db.tx() as tx:
            assert _seen(tx) == ("ben", ["ben"])
        with db.batch_() as batch:
            batch.note.delete_many()
        assert _seen(db) == ("ada", [])
    with as_user("ben"):
        assert _seen(db) == ("ben", ["ben"])
    assert _seen(db) == ("", [])


def test_a_read_only_scope(db: Any) -> None:
    """The synchronous client's queries, batches and transactions write in none."""

    def delete_in_batch() -> None:
        with db.batch_() as batch:
            batch.note.delete_many()

    def delete_in_transaction() -> None:
        with db.tx() as tx:
            tx.note.delete_many()

    for delete in (db.note.delete_many, delete_in_batch, delete_in_transaction):
        with reading_as("ada"):
            assert _seen(db) == ("ada", ["ada"])
            with pytest.raises(Exception, match="read-only transaction"):
                delete()
        with as_user("ada"):
            assert db.note.update_many(where={}, data={"mood": "CROSS"}) == 2


def test_threads_of_many_users(db: Any) -> None:
    """Each thread has the scope that it entered, and none of another's."""

    def act(name: str) -> None:
        for _ in range(5):
            assert _seen(db) == ("", [])
            with as_user(name):
                assert _seen(db) == (name, [name])
                with db.tx() as tx:
                    assert _seen(tx) == (name, [name])

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(act, name) for name in ("ada", "ben") * 8]:
            done.result(_LIMIT)


def test_a_thread_begins_without_a_scope(db: Any) -> None:
    """Unless it runs in a copy of the starter's context."""

    def in_thread(act: Callable[[], object]) -> object:
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(act).result(_LIMIT)

    with as_user("ada"):
        assert in_thread(lambda: _seen(db)) == ("", [])
        context = copy_context()
        assert in_thread(lambda: context.run(_seen, db)) == ("ada", ["ada"])
