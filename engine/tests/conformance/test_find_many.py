"""find_many: filters aside (test_filters.py), which records come, in which order."""

from typing import Any

import pytest

from conformance.people import team_of_four


async def _numbers(db: Any, count: int = 6) -> None:
    await db.user.create_many(
        data=[
            {
                "email": f"{n}",
                "age": n % 3 if n else None,
                "points": -n,
                "role": "ADMIN" if n % 2 else "USER",
            }
            for n in range(count)
        ]
    )


def _emails(users: list[Any]) -> str:
    return "".join(user.email for user in users)


async def test_all(db: Any) -> None:
    """All records, or none."""
    assert await db.user.find_many() == []
    await _numbers(db)
    assert len(await db.user.find_many()) == 6
    assert len(await db.user.find_many(where={})) == 6


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ({"email": "asc"}, "012345"),
        ({"email": "desc"}, "543210"),
        ({"points": "asc"}, "543210"),
        ([{"age": "asc"}, {"email": "desc"}], "3" + "41" + "52" + "0"),
        ([{"age": "desc"}, {"email": "asc"}], "0" + "25" + "14" + "3"),
        ([{"role": "asc"}, {"email": "asc"}], "024135"),
        ([{"age": {"sort": "asc", "nulls": "first"}}, {"email": "asc"}], "0" + "3" + "14" + "25"),
        ([{"age": {"sort": "desc", "nulls": "last"}}, {"email": "asc"}], "25" + "14" + "3" + "0"),
    ],
)
async def test_order(db: Any, order: Any, expected: str) -> None:
    """By one field or several, NULLs after all others unless told otherwise, enums as declared."""
    await _numbers(db)
    assert _emails(await db.user.find_many(order=order)) == expected


async def test_order_by_relations(db: Any) -> None:
    """By a field of a related record, and by the number of related records."""
    await team_of_four(db)
    posts = await db.post.find_many(order=[{"author": {"name": "desc"}}, {"views": "asc"}])
    assert [post.views for post in posts] == [1, 5, 30]
    users = await db.user.find_many(order=[{"posts": {"_count": "desc"}}, {"email": "desc"}])
    assert [user.email[:3] for user in users] == ["ada", "bob", "dot", "cid"]
    users = await db.user.find_many(order=[{"boss": {"team": {"name": "asc"}}}, {"id": "desc"}])
    assert [user.email[:3] for user in users] == ["cid", "bob", "dot", "ada"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"take": 2}, "01"),
        ({"take": 0}, ""),
        ({"take": -2}, "45"),
        ({"skip": 4}, "45"),
        ({"skip": 1, "take": 2}, "12"),
        ({"skip": 1, "take": -2}, "34"),
        ({"skip": 99}, ""),
        ({"take": 99}, "012345"),
        ({"take": -99}, "012345"),
    ],
)
async def test_take_and_skip(db: Any, arguments: dict[str, int], expected: str) -> None:
    """From the start, or from the end where the number is negative; the order stays."""
    await _numbers(db)
    assert _emails(await db.user.find_many(order={"email": "asc"}, **arguments)) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "2345"),
        ({"take": 2}, "23"),
        ({"take": -2}, "12"),
        ({"skip": 1}, "345"),
        ({"skip": 1, "take": 2}, "34"),
        ({"skip": 1, "take": -2}, "01"),
        ({"take": 0}, ""),
    ],
)
async def test_cursor(db: Any, arguments: dict[str, int], expected: str) -> None:
    """From a record on, forwards or backwards."""
    await _numbers(db)
    found = await db.user.find_many(cursor={"email": "2"}, order={"email": "asc"}, **arguments)
    assert _emails(found) == expected


async def test_cursor_in_another_order(db: Any) -> None:
    """The cursor's place is the one that the order gives it, with NULLs and equals beside it."""
    await _numbers(db)
    order = [{"age": "asc"}, {"email": "asc"}]
    everything = _emails(await db.user.find_many(order=order))
    for place, email in enumerate(everything):
        found = await db.user.find_many(cursor={"email": email}, order=order)
        assert _emails(found) == everything[place:]
        found = await db.user.find_many(cursor={"email": email}, order=order, take=-2)
        assert _emails(found) == everything[max(0, place - 1) : place + 1]


async def test_cursor_of_a_record_that_is_not_there(db: Any) -> None:
    """Nothing comes after nothing."""
    await _numbers(db)
    assert await db.user.find_many(cursor={"email": "9"}) == []


async def test_cursor_with_filter(db: Any) -> None:
    """The cursor need not match the filter."""
    await _numbers(db)
    found = await db.user.find_many(
        cursor={"email": "2"}, where={"role": "ADMIN"}, order={"email": "asc"}
    )
    assert _emails(found) == "35"


async def test_cursor_by_compound_key(db: Any) -> None:
    """A cursor may be a compound key."""
    await db.seat.create_many(
        data=[{"row": r, "letter": x, "hall": "h", "code": f"{r}{x}"} for r in (1, 2) for x in "AB"]
    )
    found = await db.seat.find_many(
        cursor={"row_letter": {"row": 1, "letter": "B"}}, order=[{"row": "asc"}, {"letter": "asc"}]
    )
    assert [seat.code for seat in found] == ["1B", "2A", "2B"]


async def test_distinct(db: Any) -> None:
    """Of equal records the first comes."""
    await _numbers(db)
    found = await db.user.find_many(distinct=["age"], order={"email": "asc"})
    assert _emails(found) == "0123"
    found = await db.user.find_many(distinct=["age"], order={"email": "desc"})
    assert _emails(found) == "5430"
    found = await db.user.find_many(distinct=["age", "role"], order={"email": "asc"})
    assert _emails(found) == "012345"
    found = await db.user.find_many(distinct=["age"], order={"email": "asc"}, skip=1, take=2)
    assert _emails(found) == "12"


async def test_distinct_in_an_include(db: Any) -> None:
    """Related records may be told apart by a field too, for each record on its own."""
    await team_of_four(db)
    boss = await db.user.find_first(
        where={"name": "Ada"},
        include={"reports": {"distinct": ["bossId"], "order_by": {"id": "desc"}}},
    )
    assert [user.email[:3] for user in boss.reports] == ["cid"]


async def test_include_with_arguments(db: Any) -> None:
    """Related records are filtered, ordered and counted off for each record on its own."""
    for name in "ab":
        await db.user.create(
            data={
                "email": name,
                "posts": {"create": [{"title": f"{name}{n}", "views": n} for n in range(4)]},
            }
        )

    async def titles(**arguments: Any) -> list[str]:
        users = await db.user.find_many(order={"email": "asc"}, include={"posts": arguments})
        return ["".join(post.title[1] for post in user.posts) for user in users]

    assert await titles(order_by={"title": "desc"}) == ["3210", "3210"]
    assert await titles(order_by={"title": "asc"}, take=2) == ["01", "01"]
    assert await titles(order_by={"title": "asc"}, take=-2) == ["23", "23"]
    assert await titles(order_by={"title": "asc"}, skip=3) == ["3", "3"]
    assert await titles(order_by={"title": "asc"}, skip=1, take=2) == ["12", "12"]
    assert await titles(where={"views": {"gt": 1}}, order_by={"title": "asc"}) == ["23", "23"]
    cursor = {"author_title": {"authorId": 1, "title": "a2"}}
    assert (await titles(cursor=cursor, order_by={"title": "asc"}))[0] == "23"


async def test_deep_includes(db: Any) -> None:
    """Includes nest through to-one, to-many and many-to-many relations and back."""
    await team_of_four(db)
    categories = await db.category.find_many(
        order={"name": "asc"},
        include={
            "posts": {
                "include": {
                    "author": {"include": {"team": True, "profile": True, "friendOf": True}},
                    "editor": {"include": {"boss": {"include": {"profile": True}}}},
                    "comments": {
                        "order_by": {"text": "asc"},
                        "include": {"user": {"include": {"posts": True, "boss": True}}},
                    },
                }
            }
        },
    )
    assert [row.name for row in categories] == ["history", "tech"]
    for row in categories:
        (post,) = row.posts
        assert post.author.team.name == "core"
        assert [user.email for user in post.author.friendOf] == ["cid@example.com"]
        assert post.editor.boss.profile.bio == "counts"
        assert [comment.user.boss.name for comment in post.comments] == ["Ada", "Ada"]
        assert [len(comment.user.posts) for comment in post.comments] == [1, 0]


async def test_same_relation_twice(db: Any) -> None:
    """A model that refers to another in two ways keeps them apart."""
    await team_of_four(db)
    users = await db.user.find_many(
        order={"id": "asc"}, include={"posts": True, "edited": True, "friends": True}
    )
    assert [len(user.posts) for user in users] == [2, 1, 0, 0]
    assert [len(user.edited) for user in users] == [0, 1, 0, 0]
    assert [len(user.friends) for user in users] == [0, 0, 2, 0]


async def test_more_keys_than_one_statement_takes(db: Any) -> None:
    """A list that PostgreSQL cannot take in one statement is no fault."""
    await db.user.create_many(data=[{"email": str(n)} for n in range(5)])
    found = await db.user.find_many(
        where={"email": {"in": [str(n) for n in range(40_000)]}}, order={"id": "asc"}
    )
    assert len(found) == 5
    assert await db.user.count(where={"id": {"in": list(range(70_000))}}) == 5


async def test_negative_skip(db: Any, prisma: Any) -> None:
    """A negative skip is refused."""
    with pytest.raises(prisma.errors.DataError) as caught:
        await db.user.find_many(skip=-1)
    assert "skip" in str(caught.value)


async def test_unknown_field(db: Any, prisma: Any) -> None:
    """A name that the model does not have is told, wherever it stands."""
    for arguments in (
        {"where": {"nonsense": 1}},
        {"where": {"posts": {"some": {"nonsense": 1}}}},
        {"where": {"AND": [{"nonsense": 1}]}},
        {"order": {"nonsense": "asc"}},
        {"include": {"posts": {"where": {"nonsense": 1}}}},
    ):
        with pytest.raises(prisma.errors.FieldNotFoundError) as caught:
            await db.user.find_many(**arguments)
        assert "nonsense" in str(caught.value)
