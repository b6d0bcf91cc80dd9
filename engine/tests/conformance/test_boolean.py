"""Boolean: values, filters, lists."""

from typing import Any

import pytest

from conformance.types import found, list_there_and_back, there_and_back


@pytest.mark.parametrize("value", [True, False])
async def test_values(db: Any, value: bool) -> None:
    """Both come back as they were."""
    assert await there_and_back(db, "scalars", "bool", value) is value


async def test_filters(db: Any) -> None:
    """True, false and neither."""
    await db.scalars.create_many(data=[{"bool": True}, {"bool": False}, {}])
    assert await found(db, "scalars", {"bool": True}) == [1]
    assert await found(db, "scalars", {"bool": {"not": True}}) == [2]
    assert await found(db, "scalars", {"bool": {"not": None}}) == [1, 2]
    assert await found(db, "scalars", {"bool": None}) == [3]


async def test_lists(db: Any) -> None:
    """Lists of booleans."""
    for values in ([], [True], [False, True, False]):
        assert await list_there_and_back(db, "bools", values) == values


async def test_list_filters(db: Any) -> None:
    """Booleans in lists."""
    await db.lists.create_many(data=[{"bools": [True, False]}, {"bools": [True]}, {"bools": []}])
    assert await found(db, "lists", {"bools": {"has": False}}) == [1]
    assert await found(db, "lists", {"bools": {"has_every": [True]}}) == [1, 2]
    assert await found(db, "lists", {"bools": {"equals": [True]}}) == [2]
    assert await found(db, "lists", {"bools": {"is_empty": True}}) == [3]


@pytest.mark.parametrize("value", [1, 0, "true"])
async def test_nothing_else_is_a_boolean(db: Any, prisma: Any, value: Any) -> None:
    """Neither numbers nor words."""
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.create(data={"bool": value})
