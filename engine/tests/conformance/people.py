"""A few records with all their relations, which several files ask about."""

from typing import Any


async def team_of_four(db: Any) -> dict[str, Any]:
    """Ada leads Bob and Cid; Dot is alone. Posts, comments and friends are spread unevenly."""
    team = await db.team.create(data={"name": "core"})
    ada = await db.user.create(
        data={
            "email": "ada@example.com",
            "name": "Ada",
            "age": 36,
            "points": 9.5,
            "role": "ADMIN",
            "tags": ["math", "first"],
            "team": {"connect": {"id": team.id}},
            "profile": {"create": {"bio": "counts", "site": "https://ada.example"}},
            "posts": {
                "create": [
                    {"title": "Engines", "views": 30, "published": True, "rating": 4.5},
                    {"title": "Notes", "views": 5},
                ]
            },
        }
    )
    bob = await db.user.create(
        data={
            "email": "bob@example.com",
            "name": "Bob",
            "age": 24,
            "tags": ["math"],
            "teamId": team.id,
            "bossId": ada.id,
            "posts": {"create": [{"title": "Engines", "views": 1, "rating": 2.0}]},
        }
    )
    cid = await db.user.create(
        data={
            "email": "cid@example.com",
            "age": 24,
            "active": False,
            "bossId": ada.id,
            "friends": {"connect": [{"id": ada.id}, {"id": bob.id}]},
        }
    )
    dot = await db.user.create(data={"email": "dot@example.com", "name": "dot", "points": -1})
    engines = await db.post.find_first(where={"authorId": ada.id, "title": "Engines"})
    await db.post.update(
        where={"id": engines.id},
        data={
            "editor": {"connect": {"id": bob.id}},
            "categories": {"create": [{"name": "tech"}, {"name": "history"}]},
            "comments": {
                "create": [{"text": "first!", "userId": bob.id}, {"text": "nice", "userId": cid.id}]
            },
        },
    )
    return {"team": team, "ada": ada, "bob": bob, "cid": cid, "dot": dot, "engines": engines}


async def update_ada(db: Any, data: Any) -> Any:
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


def titles(user: Any) -> list[str]:
    """The titles of a user's posts."""
    return [post.title for post in user.posts]
