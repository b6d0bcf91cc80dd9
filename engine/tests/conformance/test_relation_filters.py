"""Filters over relations: some, every, none, is, is_not."""

from typing import Any

import pytest

from conformance.people import team_of_four

_USERS: list[tuple[Any, str]] = [
    ({"posts": {"some": {}}}, "ada bob"),
    ({"posts": {"none": {}}}, "cid dot"),
    ({"posts": {"every": {"title": "Engines"}}}, "bob cid dot"),
    ({"posts": {"some": {"views": {"gt": 3}}}}, "ada"),
    ({"posts": {"none": {"title": "Notes"}}}, "bob cid dot"),
    ({"posts": {"some": {"title": "Engines"}, "none": {"title": "Notes"}}}, "bob"),
    ({"posts": {"some": {"comments": {"some": {"text": "nice"}}}}}, "ada"),
    ({"posts": {"some": {"comments": {"none": {}}}}}, "ada bob"),
    ({"posts": {"every": {"comments": {"some": {}}}}}, "cid dot"),
    ({"boss": {"is": {"name": "Ada"}}}, "bob cid"),
    ({"boss": {"name": "Ada"}}, "bob cid"),
    ({"boss": {"is_not": {"name": "Ada"}}}, "ada dot"),
    ({"boss": None}, "ada dot"),
    ({"boss": {"is": None}}, "ada dot"),
    ({"boss": {"is_not": None}}, "bob cid"),
    ({"boss": {"is": {}}}, "bob cid"),
    ({"profile": {"is": {"bio": "counts"}}}, "ada"),
    ({"profile": None}, "bob cid dot"),
    ({"profile": {"is_not": {"bio": "counts"}}}, "bob cid dot"),
    ({"friends": {"some": {"name": "Bob"}}}, "cid"),
    ({"friendOf": {"some": {}}}, "ada bob"),
    ({"friendOf": {"every": {"email": "x"}}}, "cid dot"),
    ({"boss": {"is": {"team": {"is": {"name": "core"}}}}}, "bob cid"),
    (
        {"boss": {"is": {"posts": {"some": {"categories": {"some": {"name": "tech"}}}}}}},
        "bob cid",
    ),
    ({"NOT": [{"posts": {"some": {}}}]}, "cid dot"),
    ({"OR": [{"posts": {"some": {}}}, {"boss": {"is": {"id": 1}}}]}, "ada bob cid"),
    ({"team": {"is": {"users": {"some": {"name": "Ada"}}}}}, "ada bob"),
    (
        {
            "AND": [
                {"reports": {"some": {"active": True}}},
                {"reports": {"some": {"active": False}}},
            ]
        },
        "ada",
    ),
    ({"edited": {"some": {"author": {"is": {"name": "Ada"}}}}}, "bob"),
]


@pytest.mark.parametrize(("where", "expected"), _USERS)
async def test_users(db: Any, where: Any, expected: str) -> None:
    """Records by what their relations lead to."""
    await team_of_four(db)
    users = await db.user.find_many(where=where, order={"id": "asc"})
    assert " ".join(user.email[:3] for user in users) == expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"seat": {"is": {"hall": "a"}}}, [1, 2]),
        ({"seat": {"is_not": {"hall": "a"}}}, [3, 4]),
        ({"seat": None}, [4]),
        ({"seat": {"is_not": None}}, [1, 2, 3]),
    ],
)
async def test_compound_keys(db: Any, where: Any, expected: list[int]) -> None:
    """Relations over several columns."""
    await db.seat.create_many(
        data=[
            {"row": 1, "letter": "A", "hall": "a", "code": "1"},
            {"row": 1, "letter": "B", "hall": "b", "code": "2"},
        ]
    )
    await db.ticket.create_many(
        data=[
            {"row": 1, "letter": "A"},
            {"row": 1, "letter": "A"},
            {"row": 1, "letter": "B"},
            {"price": 5},
        ]
    )
    tickets = await db.ticket.find_many(where=where, order={"id": "asc"})
    assert [ticket.id for ticket in tickets] == expected
    seats = await db.seat.find_many(
        where={"tickets": {"some": {"id": 2}}}, include={"tickets": True}
    )
    assert [len(seat.tickets) for seat in seats] == [2]


async def test_explicit_many_to_many(db: Any) -> None:
    """A relation with a table of its own, whose rows have values."""
    await team_of_four(db)
    red = await db.label.create(data={"name": "red"})
    blue = await db.label.create(data={"name": "blue"})
    await db.postlabel.create_many(
        data=[
            {"postId": 1, "labelId": red.id, "weight": 5},
            {"postId": 1, "labelId": blue.id},
            {"postId": 2, "labelId": red.id},
        ]
    )
    where: Any = {"labels": {"some": {"label": {"is": {"name": "red"}}, "weight": {"gt": 1}}}}
    found = await db.post.find_many(where=where, include={"labels": {"include": {"label": True}}})
    assert [post.id for post in found] == [1]
    assert sorted(row.label.name for row in found[0].labels) == ["blue", "red"]
    where = {"posts": {"every": {"post": {"is": {"title": "Engines"}}}}}
    assert [row.name for row in await db.label.find_many(where=where)] == ["blue"]


async def test_one_to_one_with_itself(db: Any) -> None:
    """A self relation of one to one, from both ends."""
    eve = await db.spouse.create(data={"name": "Eve"})
    await db.spouse.create(data={"name": "Dan", "partner": {"connect": {"id": eve.id}}})
    found = await db.spouse.find_many(where={"partnerOf": {"is": {"name": "Dan"}}})
    assert [row.name for row in found] == ["Eve"]
    found = await db.spouse.find_many(
        where={"partner": {"is": {"name": "Eve"}}},
        include={"partner": {"include": {"partnerOf": True}}},
    )
    assert found[0].partner.partnerOf.name == "Dan"
    assert [row.name for row in await db.spouse.find_many(where={"partner": None})] == ["Eve"]
    assert [row.name for row in await db.spouse.find_many(where={"partnerOf": None})] == ["Dan"]
