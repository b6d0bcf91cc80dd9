"""Filters on scalar fields, and AND, OR, NOT around them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

_NAMES = ("ada", "Bob", "bob", "CID", None)


async def _rows(db: Any) -> None:
    await db.scalars.create_many(
        data=[
            {"string": name, "int": n, "float": n / 2, "bool": n % 2 == 0, "big": n * 10**15}
            for n, name in enumerate(_NAMES)
        ]
    )


async def _found(db: Any, where: Any) -> list[int]:
    rows = await db.scalars.find_many(where=where, order={"id": "asc"})
    return [row.id - 1 for row in rows]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"int": 2}, [2]),
        ({"int": {"equals": 2}}, [2]),
        ({"int": {"not": 2}}, [0, 1, 3, 4]),
        ({"int": {"in": [1, 3, 99]}}, [1, 3]),
        ({"int": {"in": []}}, []),
        ({"int": {"not_in": [1, 3]}}, [0, 2, 4]),
        ({"int": {"not_in": []}}, [0, 1, 2, 3, 4]),
        ({"int": {"lt": 2}}, [0, 1]),
        ({"int": {"lte": 2}}, [0, 1, 2]),
        ({"int": {"gt": 2}}, [3, 4]),
        ({"int": {"gte": 2}}, [2, 3, 4]),
        ({"int": {"gt": 0, "lt": 3}}, [1, 2]),
        ({"int": {"not": {"gt": 1}}}, [0, 1]),
        ({"int": {"not": {"not": {"gt": 1}}}}, [2, 3, 4]),
        ({"int": {"not": {"in": [0, 1]}}}, [2, 3, 4]),
        ({"float": {"gte": 0.5, "lt": 1.5}}, [1, 2]),
        ({"float": 1}, [2]),
        ({"big": {"gt": 2 * 10**15}}, [3, 4]),
        ({"bool": True}, [0, 2, 4]),
        ({"bool": {"not": True}}, [1, 3]),
        ({"bool": {"equals": False}}, [1, 3]),
        ({"string": None}, [4]),
        ({"string": {"equals": None}}, [4]),
        ({"string": {"not": None}}, [0, 1, 2, 3]),
        ({"NOT": [{"string": None}]}, [0, 1, 2, 3]),
        ({"string": {"not": "ada"}}, [1, 2, 3]),
        ({"string": {"in": ["ada", "CID"]}}, [0, 3]),
        ({"string": {"not_in": ["ada", "CID"]}}, [1, 2]),
    ],
)
async def test_comparisons(db: Any, where: Any, expected: list[int]) -> None:
    """Equality, order, membership and their negation; NULL is neither equal nor unequal."""
    await _rows(db)
    assert await _found(db, where) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"string": "bob"}, [2]),
        ({"string": {"contains": "o"}}, [1, 2]),
        ({"string": {"contains": "O"}}, []),
        ({"string": {"startswith": "b"}}, [2]),
        ({"string": {"endswith": "b"}}, [1, 2]),
        ({"string": {"contains": ""}}, [0, 1, 2, 3]),
        ({"string": {"equals": "BOB", "mode": "insensitive"}}, [1, 2]),
        ({"string": {"contains": "I", "mode": "insensitive"}}, [3]),
        ({"string": {"startswith": "B", "mode": "insensitive"}}, [1, 2]),
        ({"string": {"endswith": "DA", "mode": "insensitive"}}, [0]),
        ({"string": {"in": ["ADA", "cid"], "mode": "insensitive"}}, [0, 3]),
        ({"string": {"not_in": ["ADA", "cid"], "mode": "insensitive"}}, [1, 2]),
        ({"string": {"not": "BOB", "mode": "insensitive"}}, [0, 3]),
        ({"string": {"not": {"equals": "BOB"}, "mode": "insensitive"}}, [0, 3]),
        ({"string": {"gt": "bob", "mode": "insensitive"}}, [3]),
        ({"string": {"contains": "a", "mode": "default"}}, [0]),
        ({"string": {"not": {"contains": "o"}}}, [0, 3]),
        ({"string": {"startswith": "a", "endswith": "a"}}, [0]),
    ],
)
async def test_text(db: Any, where: Any, expected: list[int]) -> None:
    """Parts of texts, with and without regard to case."""
    await _rows(db)
    assert await _found(db, where) == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [("%", [0, 1, 2, 3]), ("_", [0, 1, 2, 3]), ("\\", [0]), ("100%", [0]), ("o_x", [1])],
)
async def test_wildcards_of_sql_are_wildcards(db: Any, part: str, expected: list[int]) -> None:
    """As in Prisma, what LIKE makes of `%`, `_` and a backslash is not taken from it."""
    for text in ("100%", "foo_x", "a\\b", "plain"):
        await db.scalars.create(data={"string": text})
    found = await _found(db, {"string": {"contains": part}})
    assert found == expected


_LOGIC: list[tuple[Any, list[int]]] = [
    ({"AND": [{"int": {"gt": 0}}, {"int": {"lt": 3}}]}, [1, 2]),
    ({"AND": {"int": {"gt": 3}}}, [4]),
    ({"AND": []}, [0, 1, 2, 3, 4]),
    ({"OR": [{"int": 0}, {"string": "CID"}]}, [0, 3]),
    ({"OR": []}, []),
    ({"OR": [{}]}, []),
    ({"NOT": [{"int": 0}, {"int": 1}]}, [2, 3, 4]),
    ({"NOT": {"int": 0}}, [1, 2, 3, 4]),
    ({"NOT": []}, [0, 1, 2, 3, 4]),
    ({"NOT": [{"OR": [{"int": 0}, {"int": {"gte": 3}}]}]}, [1, 2]),
    ({"int": {"gt": 0}, "OR": [{"bool": True}, {"string": "Bob"}]}, [1, 2, 4]),
    (
        {"OR": [{"AND": [{"int": 1}, {"bool": True}]}, {"NOT": [{"string": {"not": None}}]}]},
        [4],
    ),
    ({}, [0, 1, 2, 3, 4]),
]


@pytest.mark.parametrize(("where", "expected"), _LOGIC)
async def test_logic(db: Any, where: Any, expected: list[int]) -> None:
    """Filters combined; an OR of nothing matches nothing, an AND and a NOT of it everything."""
    await _rows(db)
    assert await _found(db, where) == expected


async def test_equal_values_in_several_places(db: Any) -> None:
    """The same value in several places of one filter means the same in each."""
    await _rows(db)
    assert await _found(db, {"OR": [{"int": 1}, {"id": 1}, {"float": 1}]}) == [0, 1, 2]
    assert await _found(db, {"int": {"gte": 1, "lte": 1, "in": [1, 1], "not": 2}}) == [1]


async def test_all_types_at_once(db: Any, prisma: Any) -> None:
    """One filter over fields of every type."""
    moment = datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    data = {
        "string": "s",
        "bool": True,
        "int": 1,
        "big": 2**60,
        "float": 0.5,
        "dec": Decimal("1.25"),
        "moment": moment,
        "doc": prisma.Json({"a": [1]}),
        "blob": prisma.Base64.encode(b"\x01"),
        "role": "ADMIN",
    }
    made = await db.strict.create(data=data)
    equals = {**data, "doc": {"equals": data["doc"]}, "blob": {"equals": data["blob"]}}
    assert await db.strict.find_many(where=equals) == [made]
    within = {
        "big": {"gt": 2**60 - 1, "lt": 2**60 + 1},
        "dec": {"gte": Decimal("1.25"), "lt": Decimal("1.2500001")},
        "moment": {"lte": moment},
        "role": {"in": ["ADMIN", "GUEST"]},
        "blob": {"in": [prisma.Base64.encode(b"\x01")]},
    }
    assert await db.strict.count(where=within) == 1


@pytest.mark.parametrize(
    "where",
    [
        {"int": "1"},
        {"int": {"gt": "x"}},
        {"bool": 1},
        {"string": 5},
        {"float": "1.5"},
        {"big": "x"},
        {"int": {"in": [1, "2"]}},
        {"int": {"startswith": 1}},
        {"string": {"nonsense": "x"}},
        {"OR": [{"int": "1"}]},
        {"int": {"gt": None}},
    ],
)
async def test_wrong_types(db: Any, prisma: Any, where: Any) -> None:
    """A value of another type, or an operation that the type has not, is refused."""
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.find_many(where=where)


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**63])
async def test_whole_numbers_that_do_not_fit(db: Any, prisma: Any, number: int) -> None:
    """An Int has 32 bits."""
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.find_many(where={"int": number})
