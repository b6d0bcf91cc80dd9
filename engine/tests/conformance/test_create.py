"""create: one record, its defaults, what comes back of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest


async def test_returns_the_record(db: Any) -> None:
    """The created record comes back with what the database and the client filled in."""
    before = datetime.now(UTC)
    user = await db.user.create(data={"email": "ada@example.com", "name": "Ada"})
    assert (user.id, user.email, user.name) == (1, "ada@example.com", "Ada")
    assert (user.role, user.active, user.points, user.tags) == ("USER", True, 0.0, [])
    assert user.age is None
    assert user.posts is None
    assert abs(user.createdAt - before) < timedelta(seconds=30)
    assert abs(user.updatedAt - before) < timedelta(seconds=30)


async def test_is_in_the_database(db: Any, sql: Any) -> None:
    """What was created is a row that others see."""
    await db.user.create(data={"email": "ada@example.com", "role": "ADMIN", "age": 7})
    row = await sql.fetchrow('SELECT email, role::text, age, name FROM "User"')
    assert row is not None
    assert dict(row) == {
        "email": "ada@example.com",
        "role": "administrator",
        "age": 7,
        "name": None,
    }


async def test_explicit_values_win_over_defaults(db: Any) -> None:
    """A default is only taken where nothing is given."""
    moment = datetime(2001, 2, 3, 4, 5, 6, 789000, tzinfo=UTC)
    user = await db.user.create(
        data={
            "id": 77,
            "email": "x",
            "active": False,
            "role": "GUEST",
            "createdAt": moment,
            "updatedAt": moment,
        }
    )
    assert (user.id, user.active, user.role) == (77, False, "GUEST")
    assert user.createdAt == user.updatedAt == moment


async def test_null_for_an_optional_field(db: Any) -> None:
    """None is NULL."""
    user = await db.user.create(data={"email": "x", "name": None, "age": None})
    assert (user.name, user.age) == (None, None)


async def test_includes_relations(db: Any) -> None:
    """What is created beside the record comes back when it is asked for."""
    user = await db.user.create(
        data={
            "email": "x",
            "profile": {"create": {"bio": "b"}},
            "posts": {"create": {"title": "t"}},
        },
        include={"profile": True, "posts": True, "team": True, "friends": True},
    )
    assert user.profile.bio == "b"
    assert [post.title for post in user.posts] == ["t"]
    assert user.team is None
    assert user.friends == []


async def test_foreign_key_instead_of_a_connection(db: Any) -> None:
    """A relation can be set by its scalar field."""
    team = await db.team.create(data={"name": "core"})
    user = await db.user.create(data={"email": "x", "teamId": team.id}, include={"team": True})
    assert user.team.name == "core"


async def test_defaults_alone(db: Any) -> None:
    """A record whose fields all have defaults needs no data."""
    row = await db.defaults.create(data={})
    assert row.id == 1
    assert await db.parent.create(data={}) == await db.parent.find_first()


async def test_unique_violation(db: Any, prisma: Any) -> None:
    """A value that is taken is refused, and the fields are named."""
    await db.user.create(data={"email": "x"})
    with pytest.raises(prisma.errors.UniqueViolationError) as caught:
        await db.user.create(data={"email": "x"})
    assert str(caught.value) == "Unique constraint failed on the fields: (`email`)"
    assert caught.value.code == "P2002"
    assert caught.value.meta["target"] == ["email"]


async def test_compound_unique_violation(db: Any, prisma: Any) -> None:
    """All fields of a compound key are named."""
    user = await db.user.create(data={"email": "x"})
    await db.post.create(data={"title": "t", "authorId": user.id})
    with pytest.raises(prisma.errors.UniqueViolationError) as caught:
        await db.post.create(data={"title": "t", "authorId": user.id})
    assert "Unique constraint failed on the fields: (`authorId`,`title`)" in str(caught.value)
    assert caught.value.meta["target"] == ["authorId", "title"]


async def test_foreign_key_violation(db: Any, prisma: Any) -> None:
    """A reference to nothing is refused."""
    with pytest.raises(prisma.errors.ForeignKeyViolationError) as caught:
        await db.user.create(data={"email": "x", "teamId": 99})
    assert str(caught.value).lower().startswith("foreign key constraint failed on the field")
    assert caught.value.code == "P2003"


async def test_missing_required_value(db: Any, prisma: Any) -> None:
    """A required field without a default must be given."""
    with pytest.raises(prisma.errors.MissingRequiredValueError) as caught:
        await db.user.create(data={})
    assert "email" in str(caught.value)
    assert await db.user.count() == 0


async def test_null_for_a_required_field(db: Any, prisma: Any) -> None:
    """None is not a value of a required field."""
    with pytest.raises(prisma.errors.MissingRequiredValueError):
        await db.user.create(data={"email": None})


async def test_unknown_field(db: Any, prisma: Any) -> None:
    """A name that the model does not have is told."""
    with pytest.raises(prisma.errors.FieldNotFoundError) as caught:
        await db.user.create(data={"email": "x", "nonsense": 1})
    assert "nonsense" in str(caught.value)


async def test_failed_nested_create_leaves_nothing(db: Any, prisma: Any) -> None:
    """A create with its nested ones is all or nothing."""
    await db.profile.create(
        data={"bio": "b", "site": "taken", "user": {"create": {"email": "first"}}}
    )
    with pytest.raises(prisma.errors.UniqueViolationError):
        await db.user.create(
            data={"email": "second", "profile": {"create": {"bio": "b", "site": "taken"}}}
        )
    assert await db.user.count() == 1


async def test_compound_id(db: Any) -> None:
    """A record with a compound key comes back by its key."""
    seat = await db.seat.create(data={"row": 1, "letter": "A", "hall": "h", "code": "c"})
    assert seat == await db.seat.find_unique(where={"row_letter": {"row": 1, "letter": "A"}})


async def test_mapped_names(db: Any, sql: Any) -> None:
    """Names that differ in the database, or are words of SQL, are no affair of the caller's."""
    row = await db.mapped.create(
        data={
            "givenName": "g",
            "uniqueCode": "u",
            "items": {"create": [{"label": "l"}]},
            "tags": {"create": [{}]},
        },
        include={"items": True, "tags": True},
    )
    assert (row.givenName, row.select, row.items[0].label, row.tags[0].id) == ("g", "from", "l", 1)
    stored = await sql.fetchrow('SELECT "given name", "SELECT" FROM "mapped rows"')
    assert stored is not None
    assert tuple(stored) == ("g", "from")


async def test_sequences_go_on(db: Any) -> None:
    """Keys count up, also after a failure."""
    first = await db.parent.create(data={})
    second = await db.parent.create(data={})
    assert (first.id, second.id) == (1, 2)
