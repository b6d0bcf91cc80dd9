"""Full-text search, and columns of types that Prisma does not support beside others."""

from typing import Any

import pytest

from conformance.types import found


async def _articles(db: Any) -> None:
    for title, body in (
        ("Cats and dogs", "the cat sat on the mat"),
        ("Dogs", "a dog barks at another dog"),
        ("Fish", None),
    ):
        await db.article.create(data={"title": title, "body": body})


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"title": {"search": "cat"}}, [1]),
        ({"title": {"search": "dog"}}, [1, 2]),
        ({"title": {"search": "cat | fish"}}, [1, 3]),
        ({"title": {"search": "cat & dog"}}, [1]),
        ({"title": {"search": "!cat"}}, [2, 3]),
        ({"title": {"search": "dog & !cat"}}, [2]),
        ({"body": {"search": "sat"}}, [1]),
        ({"title": {"search": "cat"}, "body": {"search": "cat"}}, [1]),
        ({"OR": [{"title": {"search": "fish"}}, {"body": {"search": "bark"}}]}, [2, 3]),
        ({"title": {"not": {"search": "dog"}}}, [3]),
        ({"remarks": {"some": {"text": {"search": "great"}}}}, []),
    ],
)
async def test_search(db: Any, where: Any, expected: list[int]) -> None:
    """PostgreSQL's own search expressions."""
    await _articles(db)
    assert await found(db, "article", where) == expected


async def test_malformed_expression(db: Any, prisma: Any) -> None:
    """An expression that PostgreSQL does not understand is an error."""
    await _articles(db)
    with pytest.raises(prisma.errors.DataError):
        await db.article.find_many(where={"title": {"search": "cat dog &"}})


async def test_order_by_relevance(db: Any) -> None:
    """Records by how well they match."""
    await _articles(db)
    relevance = {"fields": ["title", "body"], "search": "dog", "sort": "desc"}
    rows = await db.article.find_many(order=[{"_relevance": relevance}, {"id": "asc"}])
    assert [row.id for row in rows] == [2, 1, 3]
    rows = await db.article.find_many(order={"_relevance": {**relevance, "sort": "asc"}}, take=1)
    assert [row.id for row in rows] == [3]


async def test_unsupported_columns(db: Any, sql: Any) -> None:
    """Columns that the client does not know never break a query, and keep their values."""
    await _articles(db)
    await sql.execute(
        """UPDATE "Article" SET vector = to_tsvector(title), point = '(1,2)', length = '3 days'"""
    )
    row = await db.article.update(
        where={"id": 1},
        data={"title": "New", "remarks": {"create": [{"text": "great"}]}},
        include={"remarks": {"include": {"article": True}}},
    )
    assert row.remarks[0].article.title == "New"
    assert await db.article.count(where={"remarks": {"some": {}}}) == 1
    assert len(await db.article.find_many(include={"remarks": True}, distinct=["title"])) == 3
    assert await db.article.group_by(by=["title"], where={"id": 1}) == [{"title": "New"}]
    assert (
        await db.article.upsert(
            where={"id": 2}, data={"create": {"title": "x"}, "update": {"title": "y"}}
        )
    ).title == "y"
    stored = await sql.fetchrow('SELECT vector::text, length::text FROM "Article" WHERE id = 1')
    assert tuple(stored) == ("'cat':1 'dog':3", "3 days")
    assert await sql.fetchval('SELECT span::text FROM "Remark"') == "02:00:00"
    assert (await db.article.delete(where={"id": 1}, include={"remarks": True})).remarks != []


async def test_unsupported_columns_in_raw(db: Any) -> None:
    """Raw queries reach them, as text."""
    await _articles(db)
    await db.execute_raw('UPDATE "Article" SET vector = to_tsvector(title)')
    rows = await db.query_raw(
        """SELECT id, vector::text AS v FROM "Article" WHERE vector @@ to_tsquery($1)""", "fish"
    )
    assert rows == [{"id": 3, "v": "'fish':1"}]
