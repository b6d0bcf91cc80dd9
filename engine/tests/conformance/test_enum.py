"""Enums, some of whose values have another name in the database."""

from typing import Any

import pytest

from conformance.types import check_list_filters, found, list_there_and_back, there_and_back


@pytest.mark.parametrize("value", ["USER", "ADMIN", "GUEST"])
async def test_values(db: Any, prisma: Any, value: str) -> None:
    """A value comes back under its name in the schema, and is found; members work like texts."""
    assert await there_and_back(db, "scalars", "role", value) == value
    assert await db.scalars.count(where={"role": value}) == 4
    member = prisma.enums.Role[value]
    row = await db.scalars.create(data={"role": member})
    assert row.role == member
    assert await db.scalars.count(where={"role": {"in": [member]}}) == 5


async def test_filters(db: Any) -> None:
    """Equality, membership and their negation; order is the declared one."""
    await db.scalars.create_many(data=[{"role": role} for role in ("GUEST", "ADMIN", "USER", None)])
    assert await found(db, "scalars", {"role": {"not": "ADMIN"}}) == [1, 3]
    assert await found(db, "scalars", {"role": {"in": ["ADMIN", "GUEST"]}}) == [1, 2]
    assert await found(db, "scalars", {"role": {"not_in": ["ADMIN"]}}) == [1, 3]
    assert await found(db, "scalars", {"role": None}) == [4]
    rows = await db.scalars.find_many(order={"role": "asc"})
    assert [row.role for row in rows] == ["USER", "ADMIN", "GUEST", None]


async def test_lists(db: Any) -> None:
    """Lists of values."""
    for values in ([], ["ADMIN", "USER", "ADMIN"]):
        assert await list_there_and_back(db, "roles", values, "nativelists") == values


async def test_list_filters(db: Any) -> None:
    """Values in lists."""
    await check_list_filters(db, "roles", "ADMIN", "USER", "GUEST", "nativelists")


@pytest.mark.parametrize("value", ["administrator", "user", "", 1])
async def test_unknown_values(db: Any, prisma: Any, value: Any) -> None:
    """A value that is not in the schema is refused, one that only the database knows included."""
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.create(data={"role": value})
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.find_many(where={"role": value})


async def test_group_by(db: Any) -> None:
    """Groups of enum values."""
    await db.scalars.create_many(data=[{"role": "ADMIN"}, {"role": "ADMIN"}, {}])
    groups = await db.scalars.group_by(by=["role"], count=True, order={"role": "asc"})
    assert [(group["role"], group["_count"]["_all"]) for group in groups] == [
        ("ADMIN", 2),
        (None, 1),
    ]
