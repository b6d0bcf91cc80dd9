"""Nested create_many, and creates within nested creates."""

from typing import Any

import pytest


async def test_create_many(db: Any) -> None:
    """Any number of related records goes in one statement."""
    titles = [f"t{number}" for number in range(300)]
    user = await db.user.create(
        data={
            "email": "a",
            "posts": {"create_many": {"data": [{"title": title} for title in titles]}},
        },
        include={"posts": {"order_by": {"id": "asc"}}},
    )
    assert [post.title for post in user.posts] == titles


async def test_create_many_in_an_update(db: Any, prisma: Any) -> None:
    """skip_duplicates leaves out what is there; without it the whole update is taken back."""
    user = await db.user.create(data={"email": "a", "posts": {"create": {"title": "x"}}})
    more = {"data": [{"title": "x"}, {"title": "y", "views": 3}]}
    with pytest.raises(prisma.errors.UniqueViolationError):
        await db.user.update(
            where={"id": user.id}, data={"name": "A", "posts": {"create_many": more}}
        )
    updated = await db.user.update(
        where={"id": user.id},
        data={"name": "A", "posts": {"create_many": {**more, "skip_duplicates": True}}},
        include={"posts": {"order_by": {"title": "asc"}}},
    )

    assert updated.name == "A"
    assert [(post.title, post.views) for post in updated.posts] == [("x", 0), ("y", 3)]


async def test_create_many_of_one(db: Any) -> None:
    """One record may stand without a list; in an upsert, too."""
    user = await db.user.upsert(
        where={"email": "a"},
        data={
            "create": {"email": "a", "posts": {"create_many": {"data": {"title": "x"}}}},
            "update": {},
        },
        include={"posts": True},
    )
    assert [post.title for post in user.posts] == ["x"]


async def test_two_levels(db: Any) -> None:
    """Created records have relations of their own, whatever the first level is."""
    team = await db.team.create(
        data={
            "name": "core",
            "users": {
                "create": [
                    {
                        "email": "a",
                        "profile": {"create": {"bio": "counts"}},
                        "posts": {
                            "create": [{"title": "x"}],
                            "create_many": {"data": [{"title": "y"}, {"title": "z"}]},
                        },
                    }
                ],
                "connect_or_create": [
                    {
                        "where": {"email": "b"},
                        "create": {"email": "b", "boss": {"create": {"email": "c"}}},
                    }
                ],
            },
        },
        include={
            "users": {
                "order_by": {"email": "asc"},
                "include": {"profile": True, "boss": True, "posts": {"order_by": {"title": "asc"}}},
            }
        },
    )
    first, second = team.users
    assert first.profile.bio == "counts"
    assert [post.title for post in first.posts] == ["x", "y", "z"]
    assert second.boss.email == "c"


async def test_mistakes(db: Any, prisma: Any) -> None:
    """Unknown fields are named, and nothing is written."""
    with pytest.raises(prisma.errors.DataError, match="nothing"):
        await db.user.create(
            data={"email": "a", "posts": {"create_many": {"data": [{"title": "x", "nothing": 1}]}}}
        )
    assert await db.user.count() == 0


def test_validate(prisma: Any) -> None:
    """`validate` reads the types of creates and updates, as it did, with what is new in them."""
    types = prisma.types
    post: dict[str, Any] = {"title": "x", "comments": {"create": [{"text": "a", "userId": 1}]}}
    user = {
        "email": "a",
        "posts": {"create": [post], "create_many": {"data": [{"title": "y"}]}},
    }
    assert prisma.validate(types.UserCreateInput, user) == user
    update: dict[str, Any] = {
        "posts": {"create": [post], "create_many": {"data": [], "skip_duplicates": True}}
    }
    assert prisma.validate(types.UserUpdateInput, update) == update
    with pytest.raises(ValueError, match="nothing"):
        prisma.validate(types.UserCreateInput, {"email": "a", "posts": {"nothing": []}})
    with pytest.raises(ValueError, match="nothing"):
        prisma.validate(
            types.UserCreateInput,
            {"email": "a", "posts": {"create": {"title": "x", "nothing": 1}}},
        )
