"""Nested writes: what one write does to the records that its relations lead to."""

from typing import Any

import pytest

from conformance.people import team_of_four


async def _update(db: Any, data: Any) -> Any:
    """Update Ada; the answer is she with her relations, in order."""
    return await db.user.update(
        where={"email": "ada@example.com"},
        data=data,
        include={
            "posts": {"order_by": {"title": "asc"}},
            "profile": True,
            "team": True,
            "friends": {"order_by": {"email": "asc"}},
            "reports": {"order_by": {"email": "asc"}},
        },
    )


def _titles(user: Any) -> list[str]:
    return [post.title for post in user.posts]


class TestCreate:
    """create, createMany and connect_or_create."""

    async def test_one_and_many(self, db: Any) -> None:
        """A record, or a list of them."""
        await team_of_four(db)
        ada = await _update(db, {"posts": {"create": {"title": "A"}}})
        assert _titles(ada) == ["A", "Engines", "Notes"]
        ada = await _update(db, {"posts": {"create": [{"title": "B"}, {"title": "C"}]}})
        assert _titles(ada) == ["A", "B", "C", "Engines", "Notes"]

    async def test_deep(self, db: Any) -> None:
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

    async def test_create_many(self, db: Any) -> None:
        """Several at once, taken ones left out on request."""
        await team_of_four(db)
        ada = await _update(
            db,
            {"posts": {"createMany": {"data": [{"title": "Engines"}, {"title": "New"}], "skipDuplicates": True}}},
        )
        assert _titles(ada) == ["Engines", "New", "Notes"]

    async def test_create_many_duplicates(self, db: Any, prisma: Any) -> None:
        """Without that request a taken one refuses the whole write."""
        await team_of_four(db)
        with pytest.raises(prisma.errors.UniqueViolationError):
            await _update(
                db, {"name": "new", "posts": {"createMany": {"data": [{"title": "Engines"}]}}}
            )
        assert await db.user.count(where={"name": "new"}) == 0

    async def test_connect_or_create(self, db: Any) -> None:
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

    async def test_one_to_one_replaces(self, db: Any) -> None:
        """A new record in a required one-to-one relation cannot leave the old one behind alone."""
        eve = await db.spouse.create(data={"name": "Eve", "partner": {"create": {"name": "Dan"}}})
        changed = await db.spouse.update(
            where={"id": eve.id}, data={"partner": {"create": {"name": "Fred"}}}, include={"partner": True}
        )
        assert changed.partner.name == "Fred"
        assert await db.spouse.count() == 3

    async def test_required_one_to_one_refuses(self, db: Any, prisma: Any) -> None:
        """The old record would lose its required relation."""
        await team_of_four(db)
        with pytest.raises(prisma.errors.DataError) as caught:
            await _update(db, {"profile": {"create": {"bio": "second"}}})
        assert caught.value.code == "P2014"
        assert await db.profile.count() == 1


class TestConnect:
    """connect, disconnect and set."""

    async def test_connect(self, db: Any) -> None:
        """One or many, by any key."""
        people = await team_of_four(db)
        ada = await _update(
            db,
            {
                "friends": {"connect": [{"email": "bob@example.com"}, {"id": people["dot"].id}]},
                "reports": {"connect": {"email": "dot@example.com"}},
            },
        )
        assert [user.email[:3] for user in ada.friends] == ["bob", "dot"]
        assert len(ada.reports) == 3

    async def test_connect_twice(self, db: Any) -> None:
        """What is connected already stays connected once."""
        people = await team_of_four(db)
        for _ in range(2):
            post = await db.post.update(
                where={"id": people["engines"].id},
                data={"categories": {"connect": [{"name": "tech"}]}},
                include={"categories": True},
            )
        assert len(post.categories) == 2

    async def test_connect_nothing(self, db: Any, prisma: Any) -> None:
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

    async def test_connect_takes_over(self, db: Any) -> None:
        """A record that belongs to one only changes hands."""
        people = await team_of_four(db)
        await db.user.update(
            where={"id": people["dot"].id}, data={"posts": {"connect": [{"id": people["engines"].id}]}}
        )
        assert (await db.post.find_unique(where={"id": people["engines"].id})).authorId == people["dot"].id

    async def test_compound_key(self, db: Any) -> None:
        """Compound keys connect as well, and disconnect."""
        await db.seat.create(data={"row": 1, "letter": "A", "hall": "h", "code": "c"})
        ticket = await db.ticket.create(
            data={"seat": {"connect": {"hall_code": {"hall": "h", "code": "c"}}}}
        )
        assert (ticket.row, ticket.letter) == (1, "A")
        ticket = await db.ticket.update(where={"id": 1}, data={"seat": {"disconnect": True}})
        assert (ticket.row, ticket.letter) == (None, None)

    async def test_disconnect_one(self, db: Any) -> None:
        """A to-one relation goes."""
        await team_of_four(db)
        ada = await _update(db, {"team": {"disconnect": True}})
        assert ada.team is None
        assert await db.team.count() == 1
        assert (await _update(db, {"team": {"disconnect": True}})).team is None

    async def test_disconnect_many(self, db: Any) -> None:
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

    async def test_disconnect_required(self, db: Any, prisma: Any) -> None:
        """A record that needs its relation cannot lose it."""
        await team_of_four(db)
        with pytest.raises(prisma.errors.DataError):
            await db.post.update(where={"id": 1}, data={"comments": {"disconnect": [{"id": 1}]}})
        assert await db.comment.count(where={"postId": 1}) == 2

    async def test_set(self, db: Any) -> None:
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

    async def test_set_one_to_many(self, db: Any) -> None:
        """Those that are not in the set lose their relation."""
        people = await team_of_four(db)
        ada = await _update(db, {"reports": {"set": [{"id": people["dot"].id}]}})
        assert [user.email[:3] for user in ada.reports] == ["dot"]
        assert (await db.user.find_unique(where={"id": people["bob"].id})).bossId is None

    async def test_set_and_others_at_once(self, db: Any) -> None:
        """A set, then what is connected and created beside it."""
        people = await team_of_four(db)
        post = await db.post.update(
            where={"id": people["engines"].id},
            data={"categories": {"set": [], "create": [{"name": "z"}], "connect": [{"name": "tech"}]}},
            include={"categories": {"order_by": {"name": "asc"}}},
        )
        assert [row.name for row in post.categories] == ["tech", "z"]

    async def test_self_relation(self, db: Any) -> None:
        """A record may be its own friend and boss."""
        user = await db.user.create(data={"email": "x"})
        user = await db.user.update(
            where={"id": user.id},
            data={"boss": {"connect": {"id": user.id}}, "friends": {"connect": [{"id": user.id}]}},
            include={"boss": True, "friends": True, "friendOf": True, "reports": True},
        )
        assert user.boss.id == user.friends[0].id == user.friendOf[0].id == user.reports[0].id


class TestChange:
    """update, updateMany, upsert, delete and deleteMany."""

    async def test_update_one(self, db: Any) -> None:
        """The record of a to-one relation, with and without a condition."""
        await team_of_four(db)
        ada = await _update(db, {"profile": {"update": {"bio": "new"}}, "team": {"update": {"name": "t"}}})
        assert (ada.profile.bio, ada.team.name) == ("new", "t")
        ada = await _update(
            db, {"profile": {"update": {"where": {"bio": "new"}, "data": {"bio": "newer"}}}}
        )
        assert ada.profile.bio == "newer"

    async def test_update_one_that_is_not_there(self, db: Any, prisma: Any) -> None:
        """No related record, or one that does not match, is an error, which update turns into None."""
        people = await team_of_four(db)
        where = {"id": people["bob"].id}
        assert await db.user.update(where=where, data={"profile": {"update": {"bio": "x"}}}) is None
        assert (
            await _update(
                db, {"name": "n", "profile": {"update": {"where": {"bio": "no"}, "data": {"bio": "x"}}}}
            )
            is None
        )
        assert await db.user.count(where={"name": "n"}) == 0

    async def test_update_many_by_key(self, db: Any) -> None:
        """Records of a to-many relation by their keys."""
        await team_of_four(db)
        ada = await _update(
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

    async def test_update_of_another_ones_record(self, db: Any) -> None:
        """Only related records can be updated through a relation."""
        people = await team_of_four(db)
        bobs = await db.post.find_first(where={"authorId": people["bob"].id})
        data = {"posts": {"update": [{"where": {"id": bobs.id}, "data": {"views": 99}}]}}
        assert await _update(db, data) is None
        assert (await db.post.find_unique(where={"id": bobs.id})).views == 1

    async def test_update_many(self, db: Any) -> None:
        """All related records that match."""
        await team_of_four(db)
        ada = await _update(
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

    async def test_upsert_one(self, db: Any) -> None:
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

    async def test_upsert_many(self, db: Any) -> None:
        """By key, each on its own."""
        await team_of_four(db)
        ada = await _update(
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
        assert [(post.title, post.views) for post in ada.posts] == [("A", 0), ("Engines", 30), ("Notes", 77)]

    async def test_delete_one(self, db: Any) -> None:
        """The record of a to-one relation goes."""
        await team_of_four(db)
        assert (await _update(db, {"profile": {"delete": True}})).profile is None
        assert await db.profile.count() == 0
        assert await _update(db, {"profile": {"delete": True}}) is None

    async def test_delete_many_by_key(self, db: Any, prisma: Any) -> None:
        """Related records go by their keys; another one's stay, and are an error."""
        people = await team_of_four(db)
        first = await db.post.find_first(where={"title": "Notes"})
        bobs = await db.post.find_first(where={"authorId": people["bob"].id})
        with pytest.raises(prisma.errors.DataError) as caught:
            await _update(db, {"posts": {"delete": [{"id": bobs.id}]}})
        assert caught.value.code == "P2017"
        ada = await _update(db, {"posts": {"delete": [{"id": first.id}]}})
        assert _titles(ada) == ["Engines"]
        assert await db.post.count() == 2

    async def test_delete_many(self, db: Any) -> None:
        """All related records that match one of the filters."""
        await team_of_four(db)
        ada = await _update(db, {"posts": {"deleteMany": [{"views": {"lt": 10}}, {"title": "no"}]}})
        assert _titles(ada) == ["Engines"]
        assert await db.post.count() == 2
        assert _titles(await _update(db, {"posts": {"deleteMany": {}}})) == []
        assert await db.post.count() == 1

    async def test_many_to_many(self, db: Any) -> None:
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

    async def test_everything_at_once(self, db: Any) -> None:
        """Several kinds of writes to one relation, and deeper ones inside."""
        people = await team_of_four(db)
        ada = await _update(
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
        assert _titles(ada) == ["A", "Engines"]
        texts = [row.text for row in await db.comment.find_many(order={"text": "asc"})]
        assert texts == ["c", "more", "same", "same"]
        assert await db.user.count(where={"points": 1}) == 2

    async def test_failure_deep_inside(self, db: Any, prisma: Any) -> None:
        """A nested write that fails takes back everything."""
        await team_of_four(db)
        with pytest.raises(prisma.errors.UniqueViolationError):
            await _update(
                db,
                {
                    "name": "changed",
                    "posts": {"create": [{"title": "ok"}, {"title": "Engines"}]},
                },
            )
        assert await db.user.count(where={"name": "changed"}) == 0
        assert await db.post.count(where={"title": "ok"}) == 0
