"""select: exactly the fields of a TypedDict or of a pydantic model."""

import enum
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NewType, NotRequired, TypedDict

import pydantic
import pytest
import typing_extensions

from prisma_wasm import scoped

from .people import team_of_four

UserId = NewType("UserId", int)


class Person(TypedDict):
    id: UserId
    name: str | None


class Title(TypedDict):
    title: str


class Team(TypedDict):
    name: str


class Counts(TypedDict):
    posts: int
    reports: int


class Author(TypedDict):
    email: str
    team: Team | None
    posts: list[Title]
    reports: NotRequired[list[Person]]


class Counted(TypedDict):
    email: str
    _count: Counts


class Editor(typing_extensions.TypedDict):  # pydantic takes no other on Python 3.11
    id: int
    name: str | None


class Comment(pydantic.BaseModel):
    text: str


class Post(pydantic.BaseModel):
    headline: str = pydantic.Field(alias="title")
    comments: list[Comment]
    editor: Editor | None = None


class Tree(TypedDict):
    email: str
    reports: list["Tree"]


class Branch(TypedDict):
    email: str
    reports: NotRequired[list["Branch"]]


def statements(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "prisma_wasm.query"]


async def test_columns(db: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Only the declared columns are read, and dicts come back; relations are not touched."""
    made = await team_of_four(db)
    caplog.set_level("DEBUG", "prisma_wasm.query")
    people = await db.user.select(Person).find_many(order={"email": "asc"}, take=2)

    assert people == [
        {"id": made["ada"].id, "name": "Ada"},
        {"id": made["bob"].id, "name": "Bob"},
    ]
    assert type(people[0]) is dict
    (sql,) = statements(caplog)
    assert '"name"' in sql
    assert "createdAt" not in sql
    assert '"age"' not in sql


async def test_relations(db: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Required relations are always read, with their own columns alone, others on demand."""
    await team_of_four(db)
    caplog.set_level("DEBUG", "prisma_wasm.query")
    select = db.user.select(Author)
    ada = await select.find_unique(
        where={"email": "ada@example.com"},
        include={"posts": {"order_by": {"title": "asc"}, "where": {"views": {"gt": 1}}, "take": 1}},
    )
    assert ada == {
        "email": "ada@example.com",
        "team": {"name": "core"},
        "posts": [{"title": "Engines"}],
    }
    (sql,) = statements(caplog)
    assert "published" not in sql

    cid = await select.find_unique_or_raise(where={"email": "cid@example.com"})
    assert cid == {"email": "cid@example.com", "team": None, "posts": []}
    led = await select.find_first(
        where={"name": "Ada"}, include={"reports": {"order_by": {"email": "desc"}}}
    )
    assert [report["name"] for report in led["reports"]] == [None, "Bob"]


async def test_counts(db: Any, caplog: pytest.LogCaptureFixture) -> None:
    """`_count` counts related records, all or those of a filter, and reads none of them."""
    await team_of_four(db)
    caplog.set_level("DEBUG", "prisma_wasm.query")
    select = db.user.select(Counted)
    counted = await select.find_many(order={"email": "asc"})
    popular = await select.find_many(
        order={"email": "asc"}, include={"_count": {"posts": {"where": {"views": {"gt": 1}}}}}
    )

    assert [row["_count"] for row in counted] == [
        {"posts": 2, "reports": 2},
        {"posts": 1, "reports": 0},
        {"posts": 0, "reports": 0},
        {"posts": 0, "reports": 0},
    ]
    assert [row["_count"]["posts"] for row in popular] == [2, 0, 0, 0]
    assert len(statements(caplog)) == 2
    assert "title" not in statements(caplog)[0]


async def test_counts_of_nested_records(db: Any) -> None:
    """Related records may have counts, too, beside many-to-many relations and self relations."""

    class PostCounts(TypedDict):
        comments: int
        categories: int

    class CountedPost(TypedDict):
        title: str
        _count: PostCounts

    class Writer(TypedDict):
        posts: list[CountedPost]

    await team_of_four(db)
    ada = await db.user.select(Writer).find_first_or_raise(
        where={"name": "Ada"},
        include={
            "posts": {
                "order_by": {"title": "asc"},
                "include": {"_count": {"comments": {"where": {"text": {"contains": "!"}}}}},
            }
        },
    )
    assert ada == {
        "posts": [
            {"title": "Engines", "_count": {"comments": 1, "categories": 2}},
            {"title": "Notes", "_count": {"comments": 0, "categories": 0}},
        ]
    }


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


async def test_clients_of_a_subclass(prisma: Any, url: str) -> None:
    """A client of an application's own class finds its package, wherever the class is."""
    subclass: Any = type("OwnClient", (prisma.Prisma,), {"__module__": "elsewhere"})
    async with subclass(datasource={"url": url}) as own:
        assert await own.team.select(Team).find_many() == []


async def test_values_of_every_type(db: Any, prisma: Any) -> None:
    """Values have the declared types: enums, bytes, documents and lists, too."""

    class Kind(enum.StrEnum):
        ADMIN = "ADMIN"

    def record(**fields: Any) -> Any:
        return typing_extensions.TypedDict("Everything", fields)  # pyright: ignore

    moment = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    values = {
        "string": "é",
        "bool": True,
        "int": -1,
        "big": 2**60,
        "float": 0.1,
        "dec": Decimal("2.5"),
        "moment": moment,
        "doc": prisma.Json({"a": [1, None]}),
        "blob": prisma.Base64.encode(b"\0\xff"),
        "role": "ADMIN",
    }
    await db.scalars.create(data=values)
    await db.scalars.create(data={})
    declared = record(
        string=str | None,
        bool=bool | None,
        int=int | None,
        big=int | None,
        float=float | None,
        dec=Decimal | None,
        moment=datetime | None,
        doc=dict[str, Any] | None,
        blob=bytes | None,
        role=prisma.enums.Role | None,
    )
    first, second = await db.scalars.select(declared).find_many(order={"id": "asc"})
    assert first == {**values, "doc": {"a": [1, None]}, "blob": b"\0\xff"}
    assert type(first["role"]) is prisma.enums.Role
    assert type(first["dec"]) is Decimal
    assert second == dict.fromkeys(values)

    wrapped = await db.scalars.select(
        record(blob=prisma.Base64 | None, role=str | None)
    ).find_first()
    assert wrapped["blob"].decode() == b"\0\xff"
    assert type(wrapped["role"]) is str

    class Modelled(pydantic.BaseModel):
        doc: dict[str, list[int | None]] | None
        blob: bytes | None
        role: Kind | None
        dec: Decimal | None

    modelled = await db.scalars.select(Modelled).find_first(order={"id": "asc"})
    assert modelled == Modelled(
        doc={"a": [1, None]}, blob=b"\0\xff", role=Kind.ADMIN, dec=Decimal("2.5")
    )

    await db.lists.create(
        data={
            "strings": ["a"],
            "decimals": [Decimal("0.5")],
            "datetimes": [moment],
            "jsons": [prisma.Json([1]), prisma.Json("x")],
            "bytess": [prisma.Base64.encode(b"b")],
        }
    )
    lists = record(
        strings=list[str], decimals=list[Decimal], datetimes=list[datetime], jsons=list[Any],
        bytess=list[bytes],
    )  # fmt: skip
    assert await db.lists.select(lists).find_first() == {
        "strings": ["a"],
        "decimals": [Decimal("0.5")],
        "datetimes": [moment],
        "jsons": [[1], "x"],
        "bytess": [b"b"],
    }


async def test_self_relations(db: Any) -> None:
    """A type may contain itself where `include` says how deep."""
    await team_of_four(db)
    with pytest.raises(TypeError, match="Tree contains itself"):
        db.user.select(Tree)
    ada = await db.user.select(Branch).find_first(
        where={"name": "Ada"},
        include={"reports": {"order_by": {"email": "asc"}, "include": {"reports": True}}},
    )
    assert ada == {
        "email": "ada@example.com",
        "reports": [
            {"email": "bob@example.com", "reports": []},
            {"email": "cid@example.com", "reports": []},
        ],
    }


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        ({"nothing": int}, "has a field `nothing`, which the model User does not have"),
        ({"email": int}, r"`email` of Wrong is declared as int, .* String: declare it as str"),
        ({"name": str}, r"`name` of Wrong .* String\?: declare it as str \| None"),
        ({"tags": str}, r"`tags` of Wrong .* String\[\]: declare it as list\[str\]"),
        ({"tags": list[int]}, r"declare it as list\[str\]"),
        ({"posts": Title}, r"`posts` of Wrong is a relation to Post: it must be list\[...\]"),
        ({"posts": list[str]}, r"it must be list\[...\] of a TypedDict or pydantic model"),
        ({"team": Team}, r"`team` of Wrong must be `Team \| None`"),
        ({"_count": int}, "`_count` of Wrong must be a TypedDict"),
        ({"_count": Title}, "`title`, which is no list of related records of the model User"),
        ({}, "Wrong has no fields"),
    ],
)
async def test_wrong_types(db: Any, declared: dict[str, Any], sentence: str) -> None:
    """What a TypedDict declares must fit the schema; errors name the field."""
    with pytest.raises(TypeError, match=sentence):
        db.user.select(typing_extensions.TypedDict("Wrong", declared))  # pyright: ignore


async def test_mistakes(db: Any, prisma: Any) -> None:
    """What is not in the type can't be included, and errors of queries are as ever."""
    select = db.user.select(Author)
    with pytest.raises(prisma.errors.UnknownRelationalFieldError, match="comments"):
        await select.find_many(include={"comments": True})
    with pytest.raises(prisma.errors.UnknownRelationalFieldError, match="_count"):
        await select.find_many(include={"_count": {"posts": True}})
    with pytest.raises(prisma.errors.UnknownRelationalFieldError, match="edited"):
        await db.user.select(Counted).find_many(include={"_count": {"edited": True}})
    for counts in ({"posts": True}, {"posts": {"where": {"title": "a"}}}, True):
        with pytest.raises(prisma.errors.UnknownRelationalFieldError, match="_count"):
            await db.user.find_many(include={"_count": counts})
    with pytest.raises(prisma.errors.FieldNotFoundError, match="nothing"):
        await select.find_many(where={"nothing": 1})
    with pytest.raises(prisma.errors.RecordNotFoundError):
        await select.find_unique_or_raise(where={"id": -1})
    with pytest.raises(prisma.errors.RecordNotFoundError):
        await select.find_first_or_raise(where={"id": -1})
    assert await select.find_unique(where={"id": -1}) is None
    assert await select.find_first(where={"id": -1}) is None
    with pytest.raises(TypeError, match="Select a TypedDict or a pydantic model"):
        db.user.select(dict)


async def test_pages(db: Any) -> None:
    """skip, cursor, distinct and orders by relations work as in the model's own reads."""
    made = await team_of_four(db)
    select = db.user.select(Person)
    order = [{"posts": {"_count": "desc"}}, {"email": "asc"}]
    after = await select.find_many(order=order, cursor={"id": made["ada"].id}, skip=1, take=1)
    distinct = await select.find_many(distinct=["age"], order={"email": "asc"})

    assert [person["name"] for person in after] == ["Bob"]
    assert [person["name"] for person in distinct] == ["Ada", "Bob", "dot"]


async def test_in_a_transaction_and_a_scope(db: Any, prisma: Any) -> None:
    """A transaction's select sees what it wrote; a scope holds for it."""
    async with db.tx() as tx:
        await tx.user.create(data={"email": "a"})
        with scoped({"app.user_id": "1"}):
            assert len(await tx.user.select(Person).find_many()) == 1
        own = await prisma.models.User.prisma(tx).select(Person).find_first()
        assert own["name"] is None


async def test_a_shape_is_compiled_once(db: Any) -> None:
    """Types that say the same have one plan."""
    await db.user.select(Person).find_many(where={"age": 1})

    class Same(TypedDict):
        id: int
        name: str | None

    async def compiled() -> float:
        metrics = await db.get_metrics()
        return next(one.value for one in metrics.counters if "plan_cache_misses" in one.key)

    before = await compiled()
    await db.user.select(Same).find_many(where={"age": 2})
    assert await compiled() == before


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
