"""select: the fields of pydantic models, of generated ones, and of partial types."""

from typing import Any

import pydantic
import pytest
import typing_extensions

from .people import team_of_four
from .test_select import statements


class Editor(typing_extensions.TypedDict):  # pydantic takes no other on Python 3.11
    id: int
    name: str | None


class Comment(pydantic.BaseModel):
    text: str


class Post(pydantic.BaseModel):
    headline: str = pydantic.Field(alias="title")
    comments: list[Comment]
    editor: Editor | None = None


async def test_pydantic_models(db: Any) -> None:
    """Models of pydantic's are made of the rows, by their aliases, with TypedDicts inside."""
    made = await team_of_four(db)
    posts = await db.post.select(Post).find_many(
        where={"authorId": made["ada"].id},
        order={"title": "asc"},
        include={"editor": True, "comments": {"order_by": {"id": "asc"}}},
    )
    assert [type(post) for post in posts] == [Post, Post]
    assert posts[0].headline == "Engines"
    assert [comment.text for comment in posts[0].comments] == ["first!", "nice"]
    assert posts[0].editor == {"id": made["bob"].id, "name": "Bob"}
    assert posts[1].comments == []
    without = await db.post.select(Post).find_first(where={"title": "Engines"})
    assert without.editor is None


async def test_documents_of_pydantic_models(db: Any, prisma: Any) -> None:
    """Pydantic gets text for its own `Json`, and parsed documents for every other class."""

    class JsonMeta(pydantic.BaseModel):
        size: int

    documents: dict[str, Any] = {
        "json": pydantic.Json,
        "json of a type": pydantic.Json[JsonMeta],
        "json or None": pydantic.Json[JsonMeta] | None,
        "the client's": prisma.fields.Json,
        "a model": JsonMeta,
        "a model or None": JsonMeta | None,
        "a dict": dict[str, int],
    }
    await db.scalars.create(data={"doc": prisma.Json({"size": 3})})
    for name, annotation in documents.items():
        model: Any = pydantic.create_model("Row", doc=(annotation, ...))
        row = await db.scalars.select(model).find_first()
        assert row.doc in ({"size": 3}, JsonMeta(size=3)), name


async def test_generated_models(db: Any, prisma: Any) -> None:
    """A generated model, or a subclass with counts, reads all columns as ever."""
    await team_of_four(db)

    class PostCount(pydantic.BaseModel):
        posts: int

    namespace = {
        "__annotations__": {"counts": PostCount},
        "__module__": __name__,
        "counts": pydantic.Field(alias="_count"),
    }
    model: Any = type("CountedUser", (prisma.models.User,), namespace)
    plain = await db.user.select(prisma.models.User).find_many(order={"id": "asc"})
    counted = await db.user.select(model).find_many(order={"id": "asc"}, include={"team": True})

    assert plain == await db.user.find_many(order={"id": "asc"})
    assert [user.counts.posts for user in counted] == [2, 1, 0, 0]
    assert counted[0].team.name == "core"
    assert counted[0].posts is None


async def test_partial_types(db: Any, prisma: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A partial type, by which fields are omitted, is selected like any model of pydantic's."""
    await team_of_four(db)
    fields = {"__annotations__": {"id": int, "email": str}, "__module__": __name__}
    partial: Any = type("PublicUser", (prisma.bases.BaseUser,), fields)
    caplog.set_level("DEBUG", "prisma_wasm.query")
    selected = await db.user.select(partial).find_first(where={"name": "Ada"})
    own = await partial.prisma(db).find_first(where={"name": "Ada"})

    assert type(selected) is partial
    assert selected == own
    assert all('"createdAt"' not in sql for sql in statements(caplog))
