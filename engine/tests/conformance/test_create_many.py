"""create_many: several records at once."""

from typing import Any

import pytest


async def test_counts(db: Any) -> None:
    """The number of new records is told."""
    total = await db.user.create_many(data=[{"email": f"{n}"} for n in range(3)])
    assert total == 3
    assert await db.user.count() == 3


async def test_nothing(db: Any) -> None:
    """No record is no fault."""
    assert await db.user.create_many(data=[]) == 0


async def test_records_with_different_fields(db: Any) -> None:
    """Each record takes defaults for what it leaves out."""
    await db.user.create_many(
        data=[
            {"email": "a", "name": "A", "tags": ["x"]},
            {"email": "b", "age": 5},
            {"email": "c", "role": "ADMIN", "name": None},
        ]
    )
    users = await db.user.find_many(order={"email": "asc"})
    assert [user.name for user in users] == ["A", None, None]
    assert [user.age for user in users] == [None, 5, None]
    assert [user.role for user in users] == ["USER", "USER", "ADMIN"]
    assert [user.tags for user in users] == [["x"], [], []]


async def test_order_of_records(db: Any) -> None:
    """Keys follow the order in which the records were given, also when their fields differ."""
    await db.user.create_many(
        data=[{"email": str(n), **({"age": n} if n % 3 else {})} for n in range(12)]
    )
    users = await db.user.find_many(order={"id": "asc"})
    assert [user.email for user in users] == [str(n) for n in range(12)]


async def test_unique_violation_creates_none(db: Any, prisma: Any) -> None:
    """A taken value refuses all of them."""
    with pytest.raises(prisma.errors.UniqueViolationError) as caught:
        await db.user.create_many(data=[{"email": "a"}, {"email": "b"}, {"email": "a"}])
    assert caught.value.meta["target"] == ["email"]
    assert await db.user.count() == 0


async def test_skip_duplicates(db: Any) -> None:
    """Taken values are left out, and not counted."""
    await db.user.create(data={"email": "a", "name": "kept"})
    total = await db.user.create_many(
        data=[{"email": "a"}, {"email": "b"}, {"email": "b"}], skip_duplicates=True
    )
    assert total == 1
    assert (await db.user.find_unique(where={"email": "a"})).name == "kept"


async def test_skip_duplicates_off(db: Any, prisma: Any) -> None:
    """False is as if nothing was said."""
    await db.user.create(data={"email": "a"})
    with pytest.raises(prisma.errors.UniqueViolationError):
        await db.user.create_many(data=[{"email": "a"}], skip_duplicates=False)


async def test_more_parameters_than_one_statement_takes(db: Any) -> None:
    """PostgreSQL takes 65535 parameters in a statement; more records than that are no fault."""
    total = await db.seat.create_many(
        data=[{"row": n, "letter": "A", "hall": "h", "code": str(n)} for n in range(17_000)]
    )
    assert total == 17_000
    assert await db.seat.count() == 17_000


async def test_compound_keys(db: Any) -> None:
    """Records with compound keys."""
    data = [{"row": 1, "letter": "A", "hall": "h", "code": "1"}]
    assert await db.seat.create_many(data=data) == 1
    assert await db.seat.create_many(data=data, skip_duplicates=True) == 0


async def test_missing_required_value(db: Any, prisma: Any) -> None:
    """Every record needs its required fields."""
    with pytest.raises(prisma.errors.MissingRequiredValueError):
        await db.user.create_many(data=[{"email": "a"}, {"name": "no address"}])
    assert await db.user.count() == 0


async def test_foreign_key_violation(db: Any, prisma: Any) -> None:
    """A reference to nothing is refused, duplicates skipped or not."""
    with pytest.raises(prisma.errors.ForeignKeyViolationError):
        await db.profile.create_many(data=[{"bio": "b", "userId": 5}], skip_duplicates=True)
