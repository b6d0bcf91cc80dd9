"""Float: values to the last bit, filters, lists, what is no number."""

import math
from typing import Any

import pytest

from conformance.types import check_list_filters, found, list_there_and_back, there_and_back

NUMBERS = [
    0.0,
    1.0,
    -1.5,
    0.1,
    1 / 3,
    math.pi,
    1e300,
    -1e-300,
    5e-324,
    1.7976931348623157e308,
    123456789012345678.0,
    2.0**53 + 2,
]


@pytest.mark.parametrize("number", NUMBERS)
async def test_values(db: Any, number: float) -> None:
    """Every bit comes back, and the number is found."""
    answer = await there_and_back(db, "scalars", "float", number)
    assert (answer, type(answer)) == (number, float)
    assert await db.scalars.count(where={"float": number}) == 4


async def test_negative_zero(db: Any) -> None:
    """Zero keeps its sign in the database, and equals zero."""
    await db.scalars.create(data={"float": -0.0})
    assert await db.scalars.count(where={"float": 0}) == 1


async def test_whole_numbers(db: Any) -> None:
    """An int is a float too."""
    assert await there_and_back(db, "scalars", "float", 7) == 7.0
    assert await db.scalars.count(where={"float": {"gte": 7, "in": [7, 8]}}) == 4


async def test_filters(db: Any) -> None:
    """Neighbours are told apart."""
    await db.scalars.create_many(data=[{"float": n} for n in (1.0, math.nextafter(1, 2), 2.0)])
    assert await found(db, "scalars", {"float": {"gt": 1}}) == [2, 3]
    assert await found(db, "scalars", {"float": {"lt": math.nextafter(1, 2)}}) == [1]


async def test_lists(db: Any) -> None:
    """Lists of numbers."""
    for numbers in ([], NUMBERS):
        assert await list_there_and_back(db, "floats", numbers) == numbers


async def test_list_filters(db: Any) -> None:
    """Numbers in lists."""
    await check_list_filters(db, "floats", 0.1, 0.2, 0.3)


async def test_not_a_number_in_the_database(db: Any, sql: Any) -> None:
    """NaN and the infinities that others wrote do not break the rest of a record."""
    await sql.execute(
        'INSERT INTO "Scalars" ("string", "float")'
        " VALUES ('a', 'NaN'), ('b', 'Infinity'), ('c', '-Infinity'), ('d', 1.5)"
    )
    rows = await db.scalars.find_many(order={"id": "asc"})
    assert [row.string for row in rows] == list("abcd")
    assert math.isnan(rows[0].float)
    assert [row.float for row in rows[1:]] == [math.inf, -math.inf, 1.5]
    assert await found(db, "scalars", {"float": {"gt": 1}}) == [1, 2, 4]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
async def test_not_a_number_as_a_value(db: Any, number: float) -> None:
    """NaN and the infinities can be written as well."""
    row = await db.scalars.create(data={"float": number})
    assert row.float == number or math.isnan(row.float)
    (row,) = await db.scalars.find_many(where={"float": number})
    assert row.float == number or math.isnan(row.float)


async def test_real(db: Any) -> None:
    """A number of 32 bits comes back with the digits that were given."""
    for number in (0.1, 3.14159, 1e30, -7.25):
        row = await db.native.create(data={"real": number})
        assert row.real == number
        assert await db.native.count(where={"real": number}) == 1


@pytest.mark.parametrize("value", ["1.5", True])
async def test_nothing_else_is_a_number(db: Any, prisma: Any, value: Any) -> None:
    """Neither texts nor booleans."""
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.create(data={"float": value})
