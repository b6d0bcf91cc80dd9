"""BigInt: values beyond what a float can hold, filters, lists."""

from typing import Any

import pytest

from conformance.types import check_list_filters, found, list_there_and_back, there_and_back

NUMBERS = [0, -1, 2**31, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)]


@pytest.mark.parametrize("number", NUMBERS)
async def test_values(db: Any, number: int) -> None:
    """All of 64 bits come back to the last digit, and are found."""
    answer = await there_and_back(db, "scalars", "big", number)
    assert (answer, type(answer)) == (number, int)
    assert await db.scalars.count(where={"big": number}) == 4
    assert await db.scalars.count(where={"big": {"in": [number], "not_in": [5]}}) == 4


async def test_filters(db: Any) -> None:
    """Neighbours beyond 2^53 are told apart."""
    await db.scalars.create_many(data=[{"big": 2**53 + n} for n in range(3)])
    assert await found(db, "scalars", {"big": {"gt": 2**53}}) == [2, 3]
    assert await found(db, "scalars", {"big": {"lte": 2**53 + 1}}) == [1, 2]
    assert await found(db, "scalars", {"big": {"not": 2**53 + 1}}) == [1, 3]


async def test_arithmetic(db: Any) -> None:
    """Numbers change in the database, to the last digit."""
    row = await db.scalars.create(data={"big": 2**53})
    for operation, number, result in (
        ("increment", 1, 2**53 + 1),
        ("decrement", 2, 2**53 - 1),
        ("multiply", 3, 3 * (2**53 - 1)),
        ("divide", 3, 2**53 - 1),
        ("set", 2**60 + 1, 2**60 + 1),
    ):
        row = await db.scalars.update(where={"id": row.id}, data={"big": {operation: number}})
        assert row.big == result


async def test_lists(db: Any) -> None:
    """Lists of numbers."""
    for numbers in ([], NUMBERS):
        assert await list_there_and_back(db, "bigs", numbers) == numbers


async def test_list_filters(db: Any) -> None:
    """Numbers in lists."""
    await check_list_filters(db, "bigs", 2**53, 2**53 + 1, 2**53 + 2)


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
async def test_too_big(db: Any, prisma: Any, number: int) -> None:
    """A number beyond 64 bits is refused."""
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.create(data={"big": number})


async def test_aggregates(db: Any) -> None:
    """Sums and extremes to the last digit."""
    await db.scalars.create_many(data=[{"big": 2**53}, {"big": 2**53 + 1}])
    (group,) = await db.scalars.group_by(
        by=["bool"], sum={"big": True}, min={"big": True}, max={"big": True}
    )
    assert int(group["_sum"]["big"]) == 2**54 + 1
    assert int(group["_min"]["big"]) == 2**53
    assert int(group["_max"]["big"]) == 2**53 + 1
