"""Orders by what belongs to a record: a related record's fields, and the number of related ones."""

from typing import Any

import pytest

from .people import team_of_four


async def emails(db: Any, order: Any, **arguments: Any) -> list[str]:
    users = await db.user.find_many(order=order, **arguments)
    return [user.email.partition("@")[0] for user in users]


async def test_number_of_related_records(db: Any) -> None:
    """_count orders by how many there are, of lists of both kinds."""
    await team_of_four(db)
    by_posts = await emails(db, [{"posts": {"_count": "desc"}}, {"email": "desc"}])
    by_friends = await emails(db, [{"friends": {"_count": "desc"}}, {"email": "asc"}])

    assert by_posts == ["ada", "bob", "dot", "cid"]
    assert by_friends == ["cid", "ada", "bob", "dot"]


async def test_fields_of_related_records(db: Any) -> None:
    """A to-one relation orders by its record's fields, at any depth."""
    await team_of_four(db)
    posts = await db.post.find_many(
        order=[{"author": {"email": "desc"}}, {"title": "asc"}], include={"author": True}
    )
    by_team = await db.comment.find_many(
        order=[{"user": {"team": {"name": "asc"}}}, {"text": "asc"}]
    )
    by_count = await db.post.find_many(
        order=[{"author": {"reports": {"_count": "desc"}}}, {"title": "desc"}]
    )

    assert [(post.author.name, post.title) for post in posts] == [
        ("Bob", "Engines"),
        ("Ada", "Engines"),
        ("Ada", "Notes"),
    ]
    assert [comment.text for comment in by_team] == ["first!", "nice"]
    assert [(post.title, post.views) for post in by_count] == [
        ("Notes", 5),
        ("Engines", 30),
        ("Engines", 1),
    ]


async def test_nulls(db: Any) -> None:
    """NULLs come first or last, as asked."""
    await team_of_four(db)
    first = await emails(db, [{"age": {"sort": "desc", "nulls": "first"}}, {"email": "asc"}])
    last = await emails(db, [{"age": {"sort": "desc", "nulls": "last"}}, {"email": "asc"}])
    related = await emails(
        db, [{"boss": {"age": {"sort": "asc", "nulls": "first"}}}, {"email": "asc"}]
    )

    assert first == ["dot", "ada", "bob", "cid"]
    assert last == ["ada", "bob", "cid", "dot"]
    assert related == ["ada", "dot", "bob", "cid"]


async def test_everywhere(db: Any) -> None:
    """Such orders work with pages, in includes, in find_first and beside distinct."""
    made = await team_of_four(db)
    order = [{"posts": {"_count": "desc"}}, {"email": "asc"}]
    assert await emails(db, order, take=2, skip=1) == ["bob", "cid"]
    assert await emails(db, order, cursor={"id": made["bob"].id}) == ["bob", "cid", "dot"]
    assert await emails(db, order, distinct=["age"]) == ["ada", "bob", "dot"]
    assert (await db.user.find_first(order={"reports": {"_count": "desc"}})).name == "Ada"
    ada = await db.user.find_unique(
        where={"email": "ada@example.com"},
        include={
            "posts": {"order_by": [{"comments": {"_count": "asc"}}]},
            "reports": {"order_by": {"profile": {"bio": "asc"}}},
        },
    )
    assert [post.title for post in ada.posts] == ["Notes", "Engines"]
    assert len(ada.reports) == 2


async def test_mistakes(db: Any, prisma: Any) -> None:
    """Unknown fields are named."""
    for order in (
        {"team": {"nothing": "asc"}},
        {"nothing": {"_count": "asc"}},
        {"posts": {"nothing": "asc"}},
    ):
        with pytest.raises(prisma.errors.FieldNotFoundError, match="nothing"):
            await db.user.find_many(order=order)
