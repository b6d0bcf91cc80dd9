"""create_many_and_return and update_many_and_return."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest


@pytest.mark.parametrize("count", [1, 2, 5, 250, 11_000])
async def test_records_in_their_order(db: Any, count: int) -> None:
    """Any number of records comes back in the order of the data, with what the database added."""
    data = [{"email": f"{number * 7919 % 100_003}@example.com"} for number in range(count)]
    users = await db.user.create_many_and_return(data=data)

    assert [user.email for user in users] == [row["email"] for row in data]
    assert [user.id for user in users] == list(range(1, count + 1))
    assert all(user.role == "USER" and user.createdAt.tzinfo is UTC for user in users)
    assert await db.user.count() == count


async def test_rows_of_several_shapes(db: Any) -> None:
    """Rows with different columns keep their order; what a row lacks gets its default."""
    users = await db.user.create_many_and_return(
        data=[
            {"email": "a", "name": "A"},
            {"email": "b", "age": 3, "tags": ["x", "y"]},
            {"email": "c", "role": "ADMIN"},
            {"email": "d", "name": None, "points": 1.5},
        ]
    )

    assert [(user.email, user.name, user.age, user.role, user.points) for user in users] == [
        ("a", "A", None, "USER", 0),
        ("b", None, 3, "USER", 0),
        ("c", None, None, "ADMIN", 0),
        ("d", None, None, "USER", 1.5),
    ]
    assert users[1].tags == ["x", "y"]
    assert users == await db.user.find_many(order={"id": "asc"})


async def test_values_of_every_type(db: Any, prisma: Any) -> None:
    """What comes back is what a read gives."""
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    data = {
        "string": "é",
        "bool": True,
        "int": -1,
        "big": 2**60,
        "float": 0.1,
        "dec": Decimal("0.10"),
        "moment": moment,
        "doc": prisma.Json({"a": [1, None]}),
        "blob": prisma.Base64.encode(b"\0\xff"),
        "role": "ADMIN",
    }
    created = await db.scalars.create_many_and_return(data=[data, {}])
    assert created == await db.scalars.find_many(order={"id": "asc"})
    assert created[0].dec == Decimal("0.1")
    assert created[0].doc == {"a": [1, None]}
    assert created[0].blob.decode() == b"\0\xff"

    updated = await db.scalars.update_many_and_return(data=data, where={"string": None})
    assert updated == [await db.scalars.find_unique(where={"id": created[1].id})]


async def test_duplicates(db: Any, prisma: Any) -> None:
    """Records that are there already are skipped on demand, and not returned."""
    await db.user.create(data={"email": "b"})
    data = [{"email": "a"}, {"email": "b"}, {"email": "c"}]
    with pytest.raises(prisma.errors.UniqueViolationError):
        await db.user.create_many_and_return(data=data)
    assert await db.user.count() == 1
    users = await db.user.create_many_and_return(data=data, skip_duplicates=True)

    assert [user.email for user in users] == ["a", "c"]


async def test_no_rows(db: Any) -> None:
    """No data, no records."""
    assert await db.user.create_many_and_return(data=[]) == []


async def test_only_defaults(db: Any) -> None:
    """Records of defaults alone come back too."""
    defaults = await db.defaults.create_many_and_return(data=[{}, {}])
    assert [one.id for one in defaults] == [1, 2]
    assert defaults == await db.defaults.find_many(order={"id": "asc"})


async def test_mapped_names(db: Any) -> None:
    """Columns with names of their own."""
    rows = await db.mapped.create_many_and_return(
        data=[{"givenName": f"n{number}", "uniqueCode": f"c{number}"} for number in range(3)]
    )
    assert [(row.id, row.givenName, row.select) for row in rows] == [
        (1, "n0", "from"),
        (2, "n1", "from"),
        (3, "n2", "from"),
    ]


async def test_partial_type(db: Any, prisma: Any) -> None:
    """Of a model with fewer fields only these are returned."""
    model = type("Email", (prisma.bases.BaseUser,), {"__annotations__": {"email": str}})
    assert [
        vars(one) for one in await model.prisma(db).create_many_and_return([{"email": "a"}])
    ] == [{"email": "a"}]


async def test_updated_records(db: Any) -> None:
    """update_many_and_return changes what the filter finds, and returns it as it is then."""
    await db.user.create_many(
        data=[{"email": "a", "age": 1}, {"email": "b", "age": 2}, {"email": "c", "age": 3}]
    )
    users = await db.user.update_many_and_return(
        data={"age": {"increment": 10}, "tags": {"set": ["old"]}}, where={"age": {"gt": 1}}
    )

    assert {(user.email, user.age) for user in users} == {("b", 12), ("c", 13)}
    assert all(user.tags == ["old"] for user in users)
    assert await db.user.update_many_and_return(data={"age": 1}, where={"email": "none"}) == []
    assert await db.user.count(where={"age": 1}) == 1


async def test_update_by_relation(db: Any) -> None:
    """The filter may ask for relations."""
    await db.user.create(data={"email": "a", "posts": {"create": [{"title": "x"}, {"title": "y"}]}})
    await db.post.create(data={"title": "z"})
    posts = await db.post.update_many_and_return(
        data={"published": True}, where={"author": {"is": {"email": "a"}}}
    )

    assert sorted(post.title for post in posts) == ["x", "y"]
    assert all(post.published for post in posts)


async def test_mistakes(db: Any, prisma: Any) -> None:
    """Unknown fields are named."""
    with pytest.raises(prisma.errors.FieldNotFoundError, match="nothing"):
        await db.user.create_many_and_return(data=[{"email": "a", "nothing": 1}])
    with pytest.raises(prisma.errors.MissingRequiredValueError, match="email"):
        await db.user.create_many_and_return(data=[{"name": "a"}])
    with pytest.raises(prisma.errors.FieldNotFoundError, match="nothing"):
        await db.user.update_many_and_return(data={"nothing": 1}, where={})


async def test_in_a_transaction(db: Any) -> None:
    """What a transaction takes back, it takes back."""

    async def give_up() -> None:
        async with db.tx() as tx:
            (user,) = await tx.user.create_many_and_return(data=[{"email": "a"}])
            (user,) = await tx.user.update_many_and_return(data={"age": 1}, where={"id": user.id})
            raise LookupError(user.age)

    with pytest.raises(LookupError, match="1"):
        await give_up()
    assert await db.user.count() == 0
