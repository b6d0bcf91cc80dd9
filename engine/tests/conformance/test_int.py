"""Int and its native types: values, filters, lists, limits."""

from typing import Any

import pytest

from conformance.types import check_list_filters, found, list_there_and_back, there_and_back

NUMBERS = [0, 1, -1, 2**31 - 1, -(2**31)]


@pytest.mark.parametrize("number", NUMBERS)
async def test_values(db: Any, number: int) -> None:
    """All of 32 bits come back and are found."""
    assert await there_and_back(db, "scalars", "int", number) == number
    assert await db.scalars.count(where={"int": number}) == 4


async def test_lists(db: Any) -> None:
    """Lists of numbers."""
    for numbers in ([], NUMBERS, [7, 7]):
        assert await list_there_and_back(db, "ints", numbers) == numbers


async def test_list_filters(db: Any) -> None:
    """Numbers in lists."""
    await check_list_filters(db, "ints", 1, 2, 3)


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 2**70])
async def test_too_big(db: Any, prisma: Any, number: int) -> None:
    """A number beyond 32 bits is refused."""
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.create(data={"int": number})
    assert await db.scalars.count() == 0


@pytest.mark.parametrize("value", ["1", True, "x", [1]])
async def test_nothing_else_is_a_number(db: Any, prisma: Any, value: Any) -> None:
    """Neither texts nor booleans."""
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.create(data={"int": value})


async def test_overflow_in_the_database(db: Any, prisma: Any) -> None:
    """Arithmetic that leaves 32 bits is refused."""
    row = await db.scalars.create(data={"int": 2**31 - 1})
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.update(where={"id": row.id}, data={"int": {"increment": 1}})
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.update(where={"id": row.id}, data={"int": {"divide": 0}})
    assert (await db.scalars.find_first()).int == 2**31 - 1


async def test_native_types(db: Any, prisma: Any) -> None:
    """Small numbers and object ids have limits of their own."""
    row = await db.native.create(data={"smallint": -(2**15), "oid": 2**31 - 1})
    assert (row.smallint, row.oid) == (-(2**15), 2**31 - 1)
    assert await found(db, "native", {"smallint": {"lt": 0}, "oid": 2**31 - 1}) == [row.id]
    with pytest.raises(prisma.errors.DataError):
        await db.native.create(data={"smallint": 2**15})


async def test_sum_beyond_32_bits(db: Any) -> None:
    """A sum may be greater than any of its parts could be."""
    await db.scalars.create_many(data=[{"int": 2**31 - 1}] * 3)
    groups = await db.scalars.group_by(by=["bool"], sum={"int": True}, avg={"int": True})
    assert groups == [
        {"bool": None, "_sum": {"int": 3 * (2**31 - 1)}, "_avg": {"int": 2.0**31 - 1}}
    ]
