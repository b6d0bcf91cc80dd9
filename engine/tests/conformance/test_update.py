"""update: one record by a key."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conformance.people import team_of_four


async def test_returns_the_new_record(db: Any) -> None:
    """The changed record comes back; the rest of it stays."""
    made = await db.user.create(data={"email": "x", "name": "X", "age": 1})
    changed = await db.user.update(where={"id": made.id}, data={"name": "Y", "role": "GUEST"})
    assert (changed.name, changed.role, changed.age) == ("Y", "GUEST", 1)
    assert changed == await db.user.find_unique(where={"id": made.id})


async def test_nothing_there(db: Any) -> None:
    """No record, no change: None."""
    assert await db.user.update(where={"id": 5}, data={"name": "Y"}) is None


async def test_no_data(db: Any) -> None:
    """An update without data gives the record back."""
    made = await db.team.create(data={"name": "x"})
    assert await db.team.update(where={"id": made.id}, data={}) == made


async def test_to_null(db: Any) -> None:
    """None takes a value away."""
    made = await db.user.create(data={"email": "x", "name": "X", "age": 1})
    changed = await db.user.update(where={"id": made.id}, data={"name": None, "age": None})
    assert (changed.name, changed.age) == (None, None)


async def test_key_itself(db: Any) -> None:
    """A key may change; the record comes back under its new one, relations included."""
    made = await db.user.create(data={"email": "x", "posts": {"create": {"title": "t"}}})
    changed = await db.user.update(
        where={"email": "x"}, data={"id": made.id + 50, "email": "y"}, include={"posts": True}
    )
    assert (changed.id, changed.email) == (made.id + 50, "y")
    assert [post.authorId for post in changed.posts] == [changed.id]


async def test_compound_key(db: Any) -> None:
    """A record is found by a compound key, and parts of that key may change."""
    await db.seat.create(data={"row": 1, "letter": "A", "hall": "h", "code": "c"})
    changed = await db.seat.update(
        where={"row_letter": {"row": 1, "letter": "A"}}, data={"letter": "B", "owner": "me"}
    )
    assert (changed.row, changed.letter, changed.owner) == (1, "B", "me")
    assert await db.seat.find_unique(where={"row_letter": {"row": 1, "letter": "A"}}) is None


@pytest.mark.parametrize(
    ("operation", "number", "result"),
    [
        ("set", 2, 2),
        ("increment", 5, 15),
        ("decrement", 15, -5),
        ("multiply", -3, -30),
        ("divide", 3, 3),
    ],
)
async def test_whole_numbers(db: Any, operation: str, number: int, result: int) -> None:
    """Numbers change in the database itself; a division drops what is left over."""
    made = await db.user.create(data={"email": "x", "age": 10})
    changed = await db.user.update(where={"id": made.id}, data={"age": {operation: number}})
    assert changed.age == result


@pytest.mark.parametrize(
    ("operation", "number", "result"),
    [
        ("set", 2.5, 2.5),
        ("increment", 0.25, 10.25),
        ("decrement", 0.5, 9.5),
        ("multiply", 1.5, 15.0),
        ("divide", 4, 2.5),
    ],
)
async def test_floats(db: Any, operation: str, number: float, result: float) -> None:
    """Floats change in the database itself."""
    made = await db.user.create(data={"email": "x", "points": 10})
    changed = await db.user.update(where={"id": made.id}, data={"points": {operation: number}})
    assert changed.points == result


async def test_arithmetic_with_null(db: Any) -> None:
    """NULL and one more is NULL."""
    made = await db.user.create(data={"email": "x"})
    changed = await db.user.update(where={"id": made.id}, data={"age": {"increment": 1}})
    assert changed.age is None


async def test_key_by_arithmetic(db: Any) -> None:
    """A key changed by arithmetic is still followed."""
    made = await db.user.create(data={"email": "x"})
    changed = await db.user.update(where={"id": made.id}, data={"id": {"increment": 10}})
    assert changed.id == made.id + 10


async def test_updated_at(db: Any) -> None:
    """@updatedAt moves by itself, unless it is given."""
    moment = datetime(2001, 2, 3, tzinfo=UTC)
    made = await db.user.create(data={"email": "x", "updatedAt": moment})
    assert made.updatedAt == moment
    changed = await db.user.update(where={"id": made.id}, data={"name": "n"})
    assert abs(changed.updatedAt - datetime.now(UTC)) < timedelta(seconds=30)
    changed = await db.user.update(where={"id": made.id}, data={"updatedAt": moment})
    assert changed.updatedAt == moment
    assert changed.createdAt == made.createdAt


async def test_include(db: Any) -> None:
    """Relations come as they are after the change."""
    people = await team_of_four(db)
    changed = await db.user.update(
        where={"id": people["dot"].id},
        data={"bossId": people["bob"].id},
        include={"boss": {"include": {"reports": True}}},
    )
    assert changed.boss.name == "Bob"
    assert [user.id for user in changed.boss.reports] == [people["dot"].id]


async def test_further_filters(db: Any) -> None:
    """A record that the key finds and the filters do not is not changed."""
    made = await db.user.create(data={"email": "x", "age": 1})
    where = {"id": made.id, "age": {"gt": 5}}
    assert await db.user.update(where=where, data={"name": "n"}) is None
    assert (await db.user.find_first()).name is None


async def test_unique_violation(db: Any, prisma: Any) -> None:
    """A value that is taken is refused."""
    await db.user.create_many(data=[{"email": "a"}, {"email": "b"}])
    with pytest.raises(prisma.errors.UniqueViolationError) as caught:
        await db.user.update(where={"email": "a"}, data={"email": "b"})
    assert caught.value.meta["target"] == ["email"]


async def test_foreign_key_violation(db: Any, prisma: Any) -> None:
    """A reference to nothing is refused."""
    made = await db.user.create(data={"email": "a"})
    with pytest.raises(prisma.errors.ForeignKeyViolationError):
        await db.user.update(where={"id": made.id}, data={"teamId": 99})


async def test_null_for_a_required_field(db: Any, prisma: Any) -> None:
    """None is not a value of a required field."""
    made = await db.user.create(data={"email": "a"})
    with pytest.raises(prisma.errors.MissingRequiredValueError):
        await db.user.update(where={"id": made.id}, data={"email": None})


async def test_unknown_field(db: Any, prisma: Any) -> None:
    """A name that the model does not have is told."""
    with pytest.raises(prisma.errors.FieldNotFoundError) as caught:
        await db.user.update(where={"id": 1}, data={"nonsense": 1})
    assert "nonsense" in str(caught.value)


async def test_mapped_names(db: Any) -> None:
    """Names that differ in the database."""
    made = await db.mapped.create(data={"givenName": "g", "uniqueCode": "u"})
    changed = await db.mapped.update(
        where={"givenName_select": {"givenName": "g", "select": "from"}}, data={"select": "where"}
    )
    assert (changed.id, changed.select) == (made.id, "where")
