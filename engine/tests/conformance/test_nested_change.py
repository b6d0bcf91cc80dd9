"""Nested writes to related records: update, updateMany, upsert, delete, deleteMany."""

from typing import Any

import pytest

from conformance.people import team_of_four, titles, update_ada


async def test_update_one(db: Any) -> None:
    """The record of a to-one relation, with and without a condition."""
    await team_of_four(db)
    ada = await update_ada(
        db, {"profile": {"update": {"bio": "new"}}, "team": {"update": {"name": "t"}}}
    )
    assert (ada.profile.bio, ada.team.name) == ("new", "t")
    ada = await update_ada(
        db, {"profile": {"update": {"where": {"bio": "new"}, "data": {"bio": "newer"}}}}
    )
    assert ada.profile.bio == "newer"


async def test_update_one_that_is_not_there(db: Any, prisma: Any) -> None:
    """No related record, or one that does not match, is an error, which update turns into None."""
    people = await team_of_four(db)
    where = {"id": people["bob"].id}
    assert await db.user.update(where=where, data={"profile": {"update": {"bio": "x"}}}) is None
    assert (
        await update_ada(
            db,
            {
                "name": "n",
                "profile": {"update": {"where": {"bio": "no"}, "data": {"bio": "x"}}},
            },
        )
        is None
    )
    assert await db.user.count(where={"name": "n"}) == 0


async def test_update_many_by_key(db: Any) -> None:
    """Records of a to-many relation by their keys."""
    await team_of_four(db)
    ada = await update_ada(
        db,
        {
            "posts": {
                "update": [
                    {"where": {"id": 1}, "data": {"views": {"increment": 1}}},
                    {"where": {"id": 2}, "data": {"title": "Zettel", "views": {"multiply": 2}}},
                ]
            }
        },
    )
    assert [(post.title, post.views) for post in ada.posts] == [("Engines", 31), ("Zettel", 10)]


async def test_update_of_another_ones_record(db: Any) -> None:
    """Only related records can be updated through a relation."""
    people = await team_of_four(db)
    bobs = await db.post.find_first(where={"authorId": people["bob"].id})
    data = {"posts": {"update": [{"where": {"id": bobs.id}, "data": {"views": 99}}]}}
    assert await update_ada(db, data) is None
    assert (await db.post.find_unique(where={"id": bobs.id})).views == 1


async def test_update_many(db: Any) -> None:
    """All related records that match."""
    await team_of_four(db)
    ada = await update_ada(
        db,
        {
            "posts": {
                "updateMany": [
                    {"where": {"views": {"gt": 10}}, "data": {"published": False}},
                    {"where": {}, "data": {"body": "same"}},
                ]
            }
        },
    )
    assert [(post.published, post.body) for post in ada.posts] == [(False, "same")] * 2
    assert await db.post.count(where={"body": "same"}) == 2


async def test_upsert_one(db: Any) -> None:
    """Creates where there is none, changes where there is one."""
    people = await team_of_four(db)
    data = {"profile": {"upsert": {"create": {"bio": "created"}, "update": {"bio": "updated"}}}}
    bios = [
        (
            await db.user.update(
                where={"id": people["bob"].id}, data=data, include={"profile": True}
            )
        ).profile.bio
        for _ in range(2)
    ]
    assert bios == ["created", "updated"]


async def test_upsert_many(db: Any) -> None:
    """By key, each on its own."""
    await team_of_four(db)
    ada = await update_ada(
        db,
        {
            "posts": {
                "upsert": [
                    {"where": {"id": 999}, "create": {"title": "A"}, "update": {"title": "x"}},
                    {
                        "where": {"author_title": {"authorId": 1, "title": "Notes"}},
                        "create": {"title": "y"},
                        "update": {"views": 77},
                    },
                ]
            }
        },
    )
    assert [(post.title, post.views) for post in ada.posts] == [
        ("A", 0),
        ("Engines", 30),
        ("Notes", 77),
    ]


async def test_delete_one(db: Any) -> None:
    """The record of a to-one relation goes."""
    await team_of_four(db)
    assert (await update_ada(db, {"profile": {"delete": True}})).profile is None
    assert await db.profile.count() == 0
    assert await update_ada(db, {"profile": {"delete": True}}) is None


async def test_delete_many_by_key(db: Any, prisma: Any) -> None:
    """Related records go by their keys; another one's stay, and are an error."""
    people = await team_of_four(db)
    first = await db.post.find_first(where={"title": "Notes"})
    bobs = await db.post.find_first(where={"authorId": people["bob"].id})
    with pytest.raises(prisma.errors.DataError) as caught:
        await update_ada(db, {"posts": {"delete": [{"id": bobs.id}]}})
    assert caught.value.code == "P2017"
    ada = await update_ada(db, {"posts": {"delete": [{"id": first.id}]}})
    assert titles(ada) == ["Engines"]
    assert await db.post.count() == 2


async def test_delete_many(db: Any) -> None:
    """All related records that match one of the filters."""
    await team_of_four(db)
    ada = await update_ada(db, {"posts": {"deleteMany": [{"views": {"lt": 10}}, {"title": "no"}]}})
    assert titles(ada) == ["Engines"]
    assert await db.post.count() == 2
    assert titles(await update_ada(db, {"posts": {"deleteMany": {}}})) == []
    assert await db.post.count() == 1


async def test_many_to_many(db: Any) -> None:
    """Linked records can be changed and deleted through the link."""
    people = await team_of_four(db)

    async def change(data: Any) -> list[str]:
        post = await db.post.update(
            where={"id": people["engines"].id},
            data={"categories": data},
            include={"categories": {"order_by": {"name": "asc"}}},
        )
        return [row.name for row in post.categories]

    changed = [{"where": {"name": "tech"}, "data": {"name": "art"}}]
    assert await change({"update": changed}) == ["art", "history"]
    upserted = [{"where": {"name": "x"}, "create": {"name": "y"}, "update": {"name": "z"}}]
    assert await change({"upsert": upserted}) == ["art", "history", "y"]
    assert await change({"updateMany": {"where": {"name": "y"}, "data": {"name": "w"}}}) == [
        "art",
        "history",
        "w",
    ]
    assert await change({"delete": [{"name": "art"}]}) == ["history", "w"]
    assert await change({"deleteMany": {"name": "w"}}) == ["history"]
    assert await db.category.count() == 1


async def test_everything_at_once(db: Any) -> None:
    """Several kinds of writes to one relation, and deeper ones inside."""
    people = await team_of_four(db)
    ada = await update_ada(
        db,
        {
            "age": {"increment": 1},
            "posts": {
                "create": [{"title": "A", "comments": {"create": [{"text": "c"}]}}],
                "update": [
                    {
                        "where": {"id": people["engines"].id},
                        "data": {
                            "comments": {
                                "updateMany": [{"where": {}, "data": {"text": "same"}}],
                                "create": [{"text": "more"}],
                            }
                        },
                    }
                ],
                "deleteMany": [{"title": "Notes"}],
            },
            "reports": {"updateMany": [{"where": {}, "data": {"points": 1}}]},
        },
    )
    assert ada.age == 37
    assert titles(ada) == ["A", "Engines"]
    texts = [row.text for row in await db.comment.find_many(order={"text": "asc"})]
    assert texts == ["c", "more", "same", "same"]
    assert await db.user.count(where={"points": 1}) == 2


async def test_failure_deep_inside(db: Any, prisma: Any) -> None:
    """A nested write that fails takes back everything."""
    await team_of_four(db)
    with pytest.raises(prisma.errors.UniqueViolationError):
        await update_ada(
            db,
            {
                "name": "changed",
                "posts": {"create": [{"title": "ok"}, {"title": "Engines"}]},
            },
        )
    assert await db.user.count(where={"name": "changed"}) == 0
    assert await db.post.count(where={"title": "ok"}) == 0
