"""Json: documents, null against NULL, filters by path, lists."""

import json
from typing import Any

import pytest

from conformance.types import found, list_there_and_back

DOCUMENTS = [
    {},
    [],
    {"a": {"b": [1, 2.5, None, True, "ü"]}, "": "empty key"},
    [1, [2, [3]]],
    "text",
    "",
    "null",
    '{"looks": "like json"}',
    0,
    -1.5,
    2**60 + 1,
    True,
    False,
    {"$type": "Param", "value": {"name": "p1"}},
    {"set": 1, "equals": None},
    {"deep": [[[[[[[[{"x": 1}]]]]]]]]},
    "\u2028 \\ \" ' /",
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=range(len(DOCUMENTS)))
async def test_values(db: Any, prisma: Any, sql: Any, document: Any) -> None:
    """Any document comes back as it was, and is found."""
    made = await db.scalars.create(data={"doc": prisma.Json(document)})
    assert made.doc == document
    assert type(made.doc) is type(document)
    row = await db.scalars.create(data={})
    row = await db.scalars.update(where={"id": row.id}, data={"doc": prisma.Json(document)})
    assert row.doc == document
    await db.scalars.create_many(data=[{"doc": prisma.Json(document)}])
    assert await db.scalars.count(where={"doc": {"equals": prisma.Json(document)}}) == 3
    assert json.loads(await sql.fetchval('SELECT "doc"::text FROM "Scalars" LIMIT 1')) == document


async def test_null_and_null(db: Any, prisma: Any, sql: Any) -> None:
    """The document null and no document at all are two things, to write and to find."""
    await db.scalars.create(data={"doc": prisma.Json(None)})
    await db.scalars.create(data={"doc": None})
    await db.scalars.create(data={})
    await db.scalars.create(data={"doc": prisma.Json(1)})
    stored = await sql.fetch('SELECT "doc"::text FROM "Scalars" ORDER BY id')
    assert [row[0] for row in stored] == ["null", None, None, "1"]
    assert await found(db, "scalars", {"doc": {"equals": prisma.Json(None)}}) == [1]
    await db.scalars.update(where={"id": 4}, data={"doc": None})
    await db.scalars.update(where={"id": 3}, data={"doc": prisma.Json(None)})
    stored = await sql.fetch('SELECT "doc"::text FROM "Scalars" ORDER BY id')
    assert [row[0] for row in stored] == ["null", None, "null", None]


async def test_filter_by_sql_null(db: Any, prisma: Any) -> None:
    """Records without a document are found by None."""
    await db.scalars.create_many(
        data=[{"doc": prisma.Json(None)}, {"doc": prisma.Json(1)}, {"int": 1}]
    )
    assert await found(db, "scalars", {"doc": {"equals": None}}) == [3]
    assert await found(db, "scalars", {"doc": None}) == [3]
    assert await found(db, "scalars", {"doc": {"not": None}}) == [1, 2]


async def test_null_of_a_required_field(db: Any, prisma: Any) -> None:
    """A required document may be null, but must be there."""
    data = {
        "string": "",
        "bool": True,
        "int": 1,
        "big": 1,
        "float": 1,
        "dec": 1,
        "moment": "2024-01-01T00:00:00Z",
        "blob": prisma.Base64.encode(b""),
        "role": "USER",
    }
    made = await db.strict.create(data={**data, "doc": prisma.Json(None)})
    assert made.doc is None
    assert await db.strict.count(where={"doc": {"equals": prisma.Json(None)}}) == 1
    with pytest.raises(prisma.errors.DataError):
        await db.strict.create(data={**data, "doc": None})


async def test_equality(db: Any, prisma: Any) -> None:
    """Documents are compared by what they say, not by how it is written."""
    await db.scalars.create(data={"doc": prisma.Json({"a": 1, "b": [1.0]})})
    await db.scalars.create(data={"doc": prisma.Json({"a": 2})})
    await db.scalars.create(data={})
    assert await found(db, "scalars", {"doc": {"equals": prisma.Json({"b": [1], "a": 1})}}) == [1]
    assert await found(db, "scalars", {"doc": prisma.Json({"a": 2})}) == [2]
    assert await found(db, "scalars", {"doc": {"not": prisma.Json({"a": 2})}}) == [1]


async def _documents(db: Any, prisma: Any) -> None:
    documents: list[Any] = [
        {
            "name": "Ada",
            "age": 36,
            "tags": ["x", "y"],
            "at": {"city": "London"},
            "list": [{"n": 1}],
        },
        {"name": "Bob", "age": 24, "tags": ["y"], "at": {"city": "Paris"}, "none": None},
        {"name": "adam", "age": 5.5, "tags": [], "at": None},
        ["x", "y", "z"],
        "text",
    ]
    for document in documents:
        await db.scalars.create(data={"doc": prisma.Json(document)})
    await db.scalars.create(data={})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"path": ["name"], "equals": "Ada"}, [1]),
        ({"path": ["age"], "equals": 24}, [2]),
        ({"path": ["at", "city"], "equals": "Paris"}, [2]),
        ({"path": ["list", "0", "n"], "equals": 1}, [1]),
        ({"path": ["tags"], "equals": ["y"]}, [2]),
        ({"path": ["at"], "equals": {"city": "London"}}, [1]),
        ({"path": ["name"], "not": "Ada"}, [2, 3]),
        ({"path": ["age"], "gt": 5}, [1, 2, 3]),
        ({"path": ["age"], "gte": 5.5, "lt": 36}, [2, 3]),
        ({"path": ["name"], "lt": "B"}, [1]),
        ({"path": ["name"], "string_contains": "da"}, [1, 3]),
        ({"path": ["name"], "string_starts_with": "A"}, [1]),
        ({"path": ["name"], "string_ends_with": "b"}, [2]),
        ({"path": ["tags"], "array_contains": ["x"]}, [1]),
        ({"path": ["tags"], "array_contains": ["y"]}, [1, 2]),
        ({"path": ["tags"], "array_starts_with": "y"}, [2]),
        ({"path": ["tags"], "array_ends_with": "y"}, [1, 2]),
        ({"array_contains": ["z"]}, [4]),
        ({"array_starts_with": "x"}, [4]),
        ({"string_contains": "ex"}, [5]),
        ({"path": ["nowhere"], "equals": 1}, []),
    ],
)
async def test_paths(db: Any, prisma: Any, condition: dict[str, Any], expected: list[int]) -> None:
    """What stands somewhere inside of a document."""
    await _documents(db, prisma)
    documents = {"equals", "not", "gt", "gte", "lt", "lte", "array_contains"}
    documents |= {"array_starts_with", "array_ends_with"}
    filled = {
        name: prisma.Json(value) if name in documents else value
        for name, value in condition.items()
    }
    assert await found(db, "scalars", {"doc": filled}) == expected


async def test_path_to_null(db: Any, prisma: Any) -> None:
    """A null inside of a document is found by the document null."""
    await _documents(db, prisma)
    condition = {"path": ["at"], "equals": prisma.Json(None)}
    assert await found(db, "scalars", {"doc": condition}) == [3]


async def test_plain_json(db: Any, prisma: Any) -> None:
    """A column of the type json keeps the document, too."""
    document = {"b": 1, "a": [None]}
    row = await db.native.create(data={"plainJson": prisma.Json(document)})
    assert row.plainJson == document
    assert await found(db, "native", {"plainJson": {"equals": prisma.Json(document)}}) == [row.id]


async def test_lists(db: Any, prisma: Any) -> None:
    """Lists of documents, null among them."""
    for documents in ([], [{"a": 1}, [1], "text", 1, True, None]):
        answer = await list_there_and_back(db, "jsons", [prisma.Json(one) for one in documents])
        assert answer == documents


async def test_list_filters(db: Any, prisma: Any) -> None:
    """Documents in lists."""
    await db.lists.create_many(
        data=[{"jsons": [prisma.Json({"a": 1}), prisma.Json(2)]}, {"jsons": []}]
    )
    assert await found(db, "lists", {"jsons": {"has": prisma.Json({"a": 1})}}) == [1]
    assert await found(db, "lists", {"jsons": {"has": prisma.Json({"a": 2})}}) == []
    assert await found(db, "lists", {"jsons": {"is_empty": True}}) == [2]
    equal = [prisma.Json({"a": 1}), prisma.Json(2)]
    assert await found(db, "lists", {"jsons": {"equals": equal}}) == [1]


async def test_keys(db: Any, prisma: Any) -> None:
    """`Json.keys(...)` is a document, too."""
    row = await db.scalars.create(data={"doc": prisma.Json.keys(a=1, b=None)})
    assert row.doc == {"a": 1, "b": None}


async def test_nul(db: Any, prisma: Any) -> None:
    """PostgreSQL keeps no NUL in a jsonb, and says so."""
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.create(data={"doc": prisma.Json({"a": "\x00"})})
