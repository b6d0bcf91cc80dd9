"""Nested writes of the relation itself: connect, disconnect, set."""

from typing import Any

import pytest

from conformance.people import team_of_four, update_ada


async def test_connect(db: Any) -> None:
    """One or many, by any key."""
    people = await team_of_four(db)
    ada = await update_ada(
        db,
        {
            "friends": {"connect": [{"email": "bob@example.com"}, {"id": people["dot"].id}]},
            "reports": {"connect": {"email": "dot@example.com"}},
        },
    )
    assert [user.email[:3] for user in ada.friends] == ["bob", "dot"]
    assert len(ada.reports) == 3


async def test_connect_twice(db: Any) -> None:
    """What is connected already stays connected once."""
    people = await team_of_four(db)
    post: Any = None
    for _ in range(2):
        post = await db.post.update(
            where={"id": people["engines"].id},
            data={"categories": {"connect": [{"name": "tech"}]}},
            include={"categories": True},
        )
    assert len(post.categories) == 2


async def test_connect_nothing(db: Any, prisma: Any) -> None:
    """What is not there cannot be connected."""
    await team_of_four(db)
    for data in (
        {"team": {"connect": {"name": "nowhere"}}},
        {"friends": {"connect": [{"id": 999}]}},
    ):
        with pytest.raises(prisma.errors.RecordNotFoundError) as caught:
            await db.user.create(data={"email": "new", **data})
        assert caught.value.code == "P2025"
    with pytest.raises(prisma.errors.DataError) as caught:
        await db.user.create(data={"email": "new", "posts": {"connect": [{"id": 999}]}})
    assert caught.value.code == "P2018"
    assert await db.user.count() == 4


async def test_connect_takes_over(db: Any) -> None:
    """A record that belongs to one only changes hands."""
    people = await team_of_four(db)
    await db.user.update(
        where={"id": people["dot"].id},
        data={"posts": {"connect": [{"id": people["engines"].id}]}},
    )
    assert (await db.post.find_unique(where={"id": people["engines"].id})).authorId == people[
        "dot"
    ].id


async def test_compound_key(db: Any) -> None:
    """Compound keys connect as well, and disconnect."""
    await db.seat.create(data={"row": 1, "letter": "A", "hall": "h", "code": "c"})
    ticket = await db.ticket.create(
        data={"seat": {"connect": {"hall_code": {"hall": "h", "code": "c"}}}}
    )
    assert (ticket.row, ticket.letter) == (1, "A")
    ticket = await db.ticket.update(where={"id": 1}, data={"seat": {"disconnect": True}})
    assert (ticket.row, ticket.letter) == (None, None)


async def test_disconnect_one(db: Any) -> None:
    """A to-one relation goes."""
    await team_of_four(db)
    ada = await update_ada(db, {"team": {"disconnect": True}})
    assert ada.team is None
    assert await db.team.count() == 1
    assert (await update_ada(db, {"team": {"disconnect": True}})).team is None


async def test_disconnect_many(db: Any) -> None:
    """Some of many go; those that are not connected are no fault."""
    people = await team_of_four(db)
    bob = await db.user.update(
        where={"id": people["ada"].id},
        data={"reports": {"disconnect": [{"id": people["bob"].id}, {"id": people["dot"].id}]}},
        include={"reports": True},
    )
    assert [user.id for user in bob.reports] == [people["cid"].id]
    post = await db.post.update(
        where={"id": people["engines"].id},
        data={"categories": {"disconnect": [{"name": "tech"}, {"name": "unheard of"}]}},
        include={"categories": True},
    )
    assert [row.name for row in post.categories] == ["history"]


async def test_disconnect_required(db: Any, prisma: Any) -> None:
    """A record that needs its relation cannot lose it."""
    await team_of_four(db)
    with pytest.raises(prisma.errors.DataError):
        await db.post.update(where={"id": 1}, data={"comments": {"disconnect": [{"id": 1}]}})
    assert await db.comment.count(where={"postId": 1}) == 2


async def test_set(db: Any) -> None:
    """Exactly these, and no others."""
    people = await team_of_four(db)
    await db.category.create(data={"name": "new"})

    async def set_to(names: list[str]) -> list[str]:
        post = await db.post.update(
            where={"id": people["engines"].id},
            data={"categories": {"set": [{"name": name} for name in names]}},
            include={"categories": {"order_by": {"name": "asc"}}},
        )
        return [row.name for row in post.categories]

    assert await set_to(["new", "tech"]) == ["new", "tech"]
    assert await set_to([]) == []
    assert await db.category.count() == 3


async def test_set_one_to_many(db: Any) -> None:
    """Those that are not in the set lose their relation."""
    people = await team_of_four(db)
    ada = await update_ada(db, {"reports": {"set": [{"id": people["dot"].id}]}})
    assert [user.email[:3] for user in ada.reports] == ["dot"]
    assert (await db.user.find_unique(where={"id": people["bob"].id})).bossId is None


async def test_set_and_others_at_once(db: Any) -> None:
    """A set, then what is connected and created beside it."""
    people = await team_of_four(db)
    post = await db.post.update(
        where={"id": people["engines"].id},
        data={"categories": {"set": [], "create": [{"name": "z"}], "connect": [{"name": "tech"}]}},
        include={"categories": {"order_by": {"name": "asc"}}},
    )
    assert [row.name for row in post.categories] == ["tech", "z"]


async def test_self_relation(db: Any) -> None:
    """A record may be its own friend and boss."""
    user = await db.user.create(data={"email": "x"})
    user = await db.user.update(
        where={"id": user.id},
        data={"boss": {"connect": {"id": user.id}}, "friends": {"connect": [{"id": user.id}]}},
        include={"boss": True, "friends": True, "friendOf": True, "reports": True},
    )
    assert user.boss.id == user.friends[0].id == user.friendOf[0].id == user.reports[0].id
