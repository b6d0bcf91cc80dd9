"""find_unique and find_unique_or_raise: one record by a key."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from conformance.people import team_of_four


async def test_by_id(db: Any) -> None:
    """A record is found by its id."""
    made = await db.user.create(data={"email": "x"})
    assert await db.user.find_unique(where={"id": made.id}) == made


async def test_by_unique_field(db: Any) -> None:
    """A record is found by any unique field, one to one relations included."""
    made = await db.user.create(data={"email": "x", "profile": {"create": {"bio": "b"}}})
    assert await db.user.find_unique(where={"email": "x"}) == made
    assert (await db.profile.find_unique(where={"userId": made.id})).bio == "b"


async def test_nothing_there(db: Any, prisma: Any) -> None:
    """A record that is not there is None, or an error where one is asked for."""
    assert await db.user.find_unique(where={"id": 1}) is None
    with pytest.raises(prisma.errors.RecordNotFoundError) as caught:
        await db.user.find_unique_or_raise(where={"id": 1})
    assert caught.value.code == "P2025"
    assert str(caught.value) == (
        "An operation failed because it depends on one or more records that were required but not "
        "found. Expected a record, found none."
    )


async def test_or_raise_returns_the_record(db: Any) -> None:
    """The record that is there comes back."""
    made = await db.user.create(data={"email": "x"})
    assert await db.user.find_unique_or_raise(where={"id": made.id}) == made


async def test_compound_keys(db: Any) -> None:
    """Compound ids and uniques are called by their names, or by their fields."""
    seat = await db.seat.create(data={"row": 3, "letter": "C", "hall": "h", "code": "3c"})
    day = datetime(2024, 2, 29, tzinfo=UTC)
    booking = await db.booking.create(data={"day": day, "room": "r", "slot": 2})
    assert await db.seat.find_unique(where={"row_letter": {"row": 3, "letter": "C"}}) == seat
    assert await db.seat.find_unique(where={"hall_code": {"hall": "h", "code": "3c"}}) == seat
    assert await db.booking.find_unique(where={"place": {"day": day, "room": "r"}}) == booking
    assert await db.booking.find_unique(where={"room_slot": {"room": "r", "slot": 2}}) == booking
    assert await db.seat.find_unique(where={"row_letter": {"row": 3, "letter": "D"}}) is None


async def test_key_and_further_filters(db: Any) -> None:
    """Beside the key other fields may narrow the search."""
    made = await db.user.create(data={"email": "x", "age": 5})
    assert await db.user.find_unique(where={"id": made.id, "age": {"gt": 4}}) == made
    assert await db.user.find_unique(where={"id": made.id, "age": {"gt": 5}}) is None
    assert await db.user.find_unique(where={"id": made.id, "OR": [{"age": 1}, {"age": 2}]}) is None


async def test_without_a_key(db: Any, prisma: Any) -> None:
    """A search that names no key is refused."""
    for where in ({"name": "x"}, {}):
        with pytest.raises(prisma.errors.DataError) as caught:
            await db.user.find_unique(where=where)
        assert caught.value.code == "P2009"
        assert "id" in {field["name"] for field in caught.value.meta["inputType"]["fields"]}


async def test_includes(db: Any) -> None:
    """Relations of every kind come with the record, nested and narrowed."""
    people = await team_of_four(db)
    ada = await db.user.find_unique(
        where={"id": people["ada"].id},
        include={
            "team": {"include": {"users": {"order_by": {"id": "desc"}}}},
            "profile": True,
            "reports": {"where": {"active": True}, "include": {"posts": True}},
            "friendOf": True,
            "posts": {
                "order_by": {"title": "asc"},
                "include": {"categories": {"order_by": {"name": "asc"}}, "comments": True},
            },
        },
    )
    assert [user.name for user in ada.team.users] == ["Bob", "Ada"]
    assert ada.profile.bio == "counts"
    assert [user.name for user in ada.reports] == ["Bob"]
    assert [post.views for post in ada.reports[0].posts] == [1]
    assert [user.id for user in ada.friendOf] == [people["cid"].id]
    assert [post.title for post in ada.posts] == ["Engines", "Notes"]
    assert [row.name for row in ada.posts[0].categories] == ["history", "tech"]
    assert [row.text for row in ada.posts[0].comments] == ["first!", "nice"]
    assert ada.posts[1].categories == ada.posts[1].comments == []
    assert ada.friends is None


async def test_false_is_no_include(db: Any) -> None:
    """`include={"posts": False}` leaves the relation out."""
    people = await team_of_four(db)
    ada = await db.user.find_unique(where={"id": people["ada"].id}, include={"posts": False})
    assert ada.posts is None


async def test_many_at_once(db: Any) -> None:
    """Concurrent searches get each their own answer."""
    await db.user.create_many(data=[{"email": f"{n}", "age": n} for n in range(50)])
    found = await asyncio.gather(
        *[db.user.find_unique(where={"email": f"{n}"}, include={"posts": True}) for n in range(60)]
    )
    assert [user and user.age for user in found] == [*range(50), *[None] * 10]


async def test_unknown_relation(db: Any, prisma: Any) -> None:
    """The client itself knows which relations there are."""
    with pytest.raises(prisma.errors.UnknownRelationalFieldError):
        await db.user.find_unique(where={"id": 1}, include={"nonsense": True})
