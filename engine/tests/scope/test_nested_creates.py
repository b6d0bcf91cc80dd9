"""A nested create goes to the server in one message: in its scope whatever becomes of it."""

# ruff: noqa: PT012 - what raises is a block

from typing import Any

import pytest
from faults.stepping import Moment, cancel_everywhere
from meddling import meddling

from .acting import as_user, assert_nothing_leaks, owners
from .conftest import Connect


async def _make(db: Any, owner: str, *, page_of: str | None = None, pages: int = 1) -> Any:
    page = {"owner": page_of or owner, "text": "page"}
    return await db.book.create(
        data={"owner": owner, "pages": {"create": [page] * pages}}, include={"pages": True}
    )


async def _stored(superuser: Any) -> dict[str, list[str]]:
    """Whose books and pages there are."""
    books, pages = await superuser.book.find_many(), await superuser.page.find_many()
    return {
        "books": sorted(book.owner for book in books),
        "pages": sorted(page.owner for page in pages),
    }


async def test_another_id(db: Any, superuser: Any) -> None:
    """What is done again, since a trigger gave the row another id, is done in its scope."""
    async with meddling(superuser, "Book", "NEW.id = NEW.id || 'x';"):
        for name in ("ben", "ada"):
            with as_user("ada"):
                assert await owners(db) == ["ada"]
            with as_user(name):
                book = await _make(db, name)
            assert (book.id[-1], [page.owner for page in book.pages]) == ("x", [name])
    assert await _stored(superuser) == {"books": ["ada", "ben"], "pages": ["ada", "ben"]}
    await assert_nothing_leaks(db)


async def test_a_table_with_a_rule(db: Any, superuser: Any, prisma: Any) -> None:
    """What is done again, since PostgreSQL refused its form, is refused to strangers as well."""
    await superuser.execute_raw('CREATE RULE tell AS ON INSERT TO "Book" DO ALSO NOTIFY made')
    try:
        with as_user("ada"):
            assert await owners(db) == ["ada"]
        with as_user("ben"):
            with pytest.raises(prisma.errors.PrismaError, match="row-level security"):
                await _make(db, "ada")
            await _make(db, "ben")
    finally:
        await superuser.execute_raw('DROP RULE tell ON "Book"')
    assert await _stored(superuser) == {"books": ["ben"], "pages": ["ben"]}


async def test_a_child_that_its_writer_may_not_see(db: Any, superuser: Any, prisma: Any) -> None:
    """Policies for reading look at what is inserted, as they do where it is returned."""
    await superuser.execute_raw('CREATE POLICY anybody ON "Page" FOR INSERT WITH CHECK (true)')
    try:
        with as_user("ben"):
            for _ in range(2):
                with pytest.raises(prisma.errors.PrismaError, match="row-level security"):
                    await _make(db, "ben", page_of="ada")
    finally:
        await superuser.execute_raw('DROP POLICY anybody ON "Page"')
    assert await _stored(superuser) == {"books": [], "pages": []}


async def test_an_answer_that_cannot_be_read(db: Any, superuser: Any, prisma: Any) -> None:
    """A value that an enum of the schema has not takes the whole create back."""
    lines = {"create": [{"owner": "ben", "text": "line"}]}
    await superuser.execute_raw("ALTER TYPE \"Mood\" ADD VALUE IF NOT EXISTS 'NEW'")
    async with meddling(superuser, "Note", "NEW.mood = 'NEW';"):
        with as_user("ben"):
            for _ in range(2):
                with pytest.raises(prisma.errors.PrismaError, match="NEW"):
                    await db.note.create(data={"owner": "ben", "text": "new", "lines": lines})
    assert await superuser.note.count(where={"text": "new"}) == 0
    assert await superuser.line.count() == 0


async def test_a_leftover_of_a_failed_one(db: Any, superuser: Any, prisma: Any) -> None:
    """Where the driver refuses the last query, nothing is left for the next scope to run."""

    async def make(tx: Any, text: str) -> None:
        pages = {"create": [{"owner": "ada", "text": "by ben"}]}
        await tx.book.create(
            data={"owner": "ben", "pages": pages}, include={"pages": {"where": {"text": text}}}
        )

    with as_user("ben"):
        await _make(db, "ben")
    with pytest.raises(prisma.errors.PrismaError):
        async with db.tx() as tx:
            with as_user("ben"), pytest.raises(prisma.errors.PrismaError):
                await make(tx, "\ud800")
            with as_user("ada"):
                await tx.page.find_many()
    with as_user("ben"), pytest.raises(prisma.errors.PrismaError):
        await make(db, "\ud800")
    with as_user("ada"):
        assert await db.page.find_many() == []
    assert await _stored(superuser) == {"books": ["ben"], "pages": ["ben"]}


@pytest.mark.parametrize("moment", ["waiting", "done"])
async def test_cancelled(db: Any, superuser: Any, moment: Moment) -> None:
    """Wherever it is cancelled, all of it is there or nothing, and no scope leaks."""

    async def before() -> None:
        with as_user("ada"):
            assert await owners(db) == ["ada"]

    async def operation() -> None:
        with as_user("ben"):
            await _make(db, "ben", pages=2)

    async def check() -> None:
        await assert_nothing_leaks(db)
        stored = await _stored(superuser)
        assert stored["pages"] == sorted(stored["books"] * 2)

    await operation()
    assert await cancel_everywhere(operation, check, moment, before=before) > 0


@pytest.mark.parametrize("size", [0, 1, 2, 3])
async def test_few_statements_are_kept(connect: Connect, mode: str, size: int) -> None:
    """Whichever statements a connection has forgotten in between."""
    db = await connect(connection_limit=1, session_settings=mode, statement_cache_size=size)
    for name in ("ada", "ben") * 3:
        with as_user(name):
            assert len((await _make(db, name, pages=2)).pages) == 2
            assert await owners(db) == [name]
            async with db.tx() as tx:
                assert len((await _make(tx, name)).pages) == 1
                with as_user("ben"):
                    assert await owners(tx) == ["ben"]
                    await _make(tx, "ben")
                assert await owners(tx) == [name]


@pytest.mark.parametrize("parameters", [{"pgbouncer": "true"}, {"statement_cache_size": 0}, {}])
async def test_without_a_scope(
    connect: Connect, owner_url: str, parameters: dict[str, object]
) -> None:
    """With statements that have names, and with those that have none."""
    db = await connect(owner_url, connection_limit=1, **parameters)
    for _ in range(3):
        assert len((await _make(db, "ada", pages=2)).pages) == 2
