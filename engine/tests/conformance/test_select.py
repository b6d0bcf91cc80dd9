"""select: exactly the fields of a TypedDict; pydantic models are in a file of their own."""

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


@pytest.mark.usefixtures("db")  # which empties the tables
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
