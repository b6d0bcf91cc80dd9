"""Nested writes that create: create, createMany, connect_or_create."""

from typing import Any

import pytest

from conformance.people import team_of_four, titles, update_ada


async def test_one_and_many(db: Any) -> None:
    """A record, or a list of them."""
    await team_of_four(db)
    ada = await update_ada(db, {"posts": {"create": {"title": "A"}}})
    assert titles(ada) == ["A", "Engines", "Notes"]
    ada = await update_ada(db, {"posts": {"create": [{"title": "B"}, {"title": "C"}]}})
    assert titles(ada) == ["A", "B", "C", "Engines", "Notes"]


async def test_deep(db: Any) -> None:
    """A tree of records in one write."""
    user = await db.user.create(
        data={
            "email": "root",
            "team": {"create": {"name": "t"}},
            "boss": {"create": {"email": "boss", "profile": {"create": {"bio": "b"}}}},
            "posts": {
                "create": [
                    {
                        "title": "p1",
                        "categories": {"create": [{"name": "c1"}, {"name": "c2"}]},
                        "comments": {
                            "create": [{"text": "hi", "user": {"create": {"email": "guest"}}}]
                        },
                        "labels": {"create": [{"weight": 3, "label": {"create": {"name": "l"}}}]},
                    },
                    {"title": "p2", "editor": {"connect": {"email": "root"}}},
                ]
            },
        },
        include={
            "team": True,
            "boss": {"include": {"profile": True}},
            "posts": {
                "order_by": {"id": "asc"},
                "include": {
                    "categories": {"order_by": {"name": "asc"}},
                    "comments": {"include": {"user": True}},
                    "labels": {"include": {"label": True}},
                },
            },
            "edited": True,
        },
    )
    assert (user.team.name, user.boss.profile.bio) == ("t", "b")
    first, second = user.posts
    assert [row.name for row in first.categories] == ["c1", "c2"]
    assert first.comments[0].user.email == "guest"
    assert (first.labels[0].weight, first.labels[0].label.name) == (3, "l")
    assert [post.id for post in user.edited] == [second.id]


async def test_create_many(db: Any) -> None:
    """Several at once, taken ones left out on request."""
    await team_of_four(db)
    ada = await update_ada(
        db,
        {
            "posts": {
                "createMany": {
                    "data": [{"title": "Engines"}, {"title": "New"}],
                    "skipDuplicates": True,
                }
            }
        },
    )
    assert titles(ada) == ["Engines", "New", "Notes"]


async def test_create_many_duplicates(db: Any, prisma: Any) -> None:
    """Without that request a taken one refuses the whole write."""
    await team_of_four(db)
    with pytest.raises(prisma.errors.UniqueViolationError):
        await update_ada(
            db, {"name": "new", "posts": {"createMany": {"data": [{"title": "Engines"}]}}}
        )
    assert await db.user.count(where={"name": "new"}) == 0


async def test_connect_or_create(db: Any) -> None:
    """What is there is connected, what is not is created."""
    await team_of_four(db)
    post = await db.post.create(
        data={
            "title": "x",
            "categories": {
                "connect_or_create": [
                    {"where": {"name": "tech"}, "create": {"name": "tech"}},
                    {"where": {"name": "new"}, "create": {"name": "new"}},
                ]
            },
            "author": {
                "connect_or_create": {
                    "where": {"email": "bob@example.com"},
                    "create": {"email": "never"},
                }
            },
        },
        include={"categories": {"order_by": {"name": "asc"}}, "author": True},
    )
    assert [row.name for row in post.categories] == ["new", "tech"]
    assert post.author.name == "Bob"
    assert await db.category.count() == 3


async def test_one_to_one_replaces(db: Any) -> None:
    """A new record in a required one-to-one relation cannot leave the old one behind alone."""
    eve = await db.spouse.create(data={"name": "Eve", "partner": {"create": {"name": "Dan"}}})
    changed = await db.spouse.update(
        where={"id": eve.id},
        data={"partner": {"create": {"name": "Fred"}}},
        include={"partner": True},
    )
    assert changed.partner.name == "Fred"
    assert await db.spouse.count() == 3


async def test_required_one_to_one_refuses(db: Any, prisma: Any) -> None:
    """The old record would lose its required relation."""
    await team_of_four(db)
    with pytest.raises(prisma.errors.DataError) as caught:
        await update_ada(db, {"profile": {"create": {"bio": "second"}}})
    assert caught.value.code == "P2014"
    assert await db.profile.count() == 1
