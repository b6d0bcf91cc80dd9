"""What a type checker knows of the extensions, of an asyncio and of a synchronous client."""

import shutil
from pathlib import Path

from fix_client import GenerateClient, Generated

from .typed import check_types, findings

_FIGURES = """
from PACKAGE import Prisma
from PACKAGE.models import User

async def right(db: Prisma) -> None:
    figures = await db.user.aggregate(
        where={"email": {"contains": "x"}},
        order=[{"createdAt": "desc"}],
        count=True, avg={"age": True}, sum={"age": True}, min={"createdAt": True},
    )
    reveal_type(figures)  # UserAggregateOutput
    reveal_type(figures["_count"]["_all"])  # "int"
    reveal_type(figures["_avg"]["age"])  # "float | None"
    reveal_type(figures["_sum"]["age"])  # "int | None"
    reveal_type(figures["_min"]["createdAt"])  # "datetime | None"
    decimals = await db.scalars.aggregate(sum={"dec": True}, avg={"dec": True})
    reveal_type(decimals["_sum"]["dec"])  # "Decimal | None"
    reveal_type(decimals["_avg"]["dec"])  # "Decimal | None"
    reveal_type(await User.prisma().aggregate(count={"name": True}))  # UserAggregateOutput

async def wrong(db: Prisma) -> None:
    await db.user.aggregate(sum={"email": True})  # error
    await db.user.aggregate(where={"nothing": 1})  # error
    await db.user.aggregate(count={"nothing": True})  # error
    (await db.user.aggregate(count=True))["_count"]["nothing"]  # error
"""

_RETURNING = """
from PACKAGE import Prisma, types

async def right(db: Prisma) -> None:
    rows: list[types.UserCreateWithoutRelationsInput] = [{"email": "a"}]
    reveal_type(await db.user.create_many_and_return(rows, skip_duplicates=True))  # "List[User]"
    users = await db.user.update_many_and_return(data={"age": 1}, where={"email": "a"})
    reveal_type(users)  # "List[User]"

async def wrong(db: Prisma) -> None:
    await db.user.create_many_and_return([{"name": "a"}])  # error
    await db.user.create_many_and_return([{"email": "a", "posts": {}}])  # error
    await db.user.update_many_and_return(data={"nothing": 1}, where={})  # error
"""

_ORDERS = """
from PACKAGE import Prisma, types

async def right(db: Prisma) -> None:
    order: list[types.PostOrderByInput] = [
        {"author": {"team": {"name": "asc"}}},
        {"comments": {"_count": "desc"}},
        {"rating": {"sort": "asc", "nulls": "last"}},
        {"title": "asc"},
    ]
    await db.post.find_many(order=order)
    await db.user.find_many(order={"boss": {"reports": {"_count": "asc"}}})
    await db.user.find_first(include={"posts": {"order_by": [{"editor": {"name": "asc"}}]}})

async def wrong(db: Prisma) -> None:
    await db.post.find_many(order={"author": {"nothing": "asc"}})  # error
    await db.post.find_many(order={"author": "asc"})  # error
    await db.user.find_many(order={"posts": {"title": "asc"}})  # error
    await db.user.find_many(order={"posts": {"_count": "up"}})  # error
    await db.user.find_many(order={"email": {"sort": "asc", "nulls": "last"}})  # error
"""

_CREATES = """
from PACKAGE import Prisma, types

async def right(db: Prisma) -> None:
    nested: types.PostCreateManyNestedWithoutRelationsInput = {"create": [{"title": "a"}]}
    plain: types.PostCreateWithoutRelationsInput = {"title": "a"}
    await db.user.create(data={"email": "a", "posts": nested})
    await db.user.create(data={"email": "a", "posts": {"create": [plain, {"title": "b"}]}})
    await db.team.create(data={"name": "a", "users": {"create": [
        {
            "email": "a",
            "profile": {"create": {"bio": "b"}},
            "posts": {"create": [{"title": "a"}], "create_many": {"data": [plain]}},
        },
        {"email": "b"},
    ]}})
    await db.user.update(where={"id": 1}, data={
        "posts": {
            "create": [{"title": "x", "comments": {"create": {"text": "a"}}}],
            "create_many": {"data": [{"title": "a"}], "skip_duplicates": True},
        },
        "team": {"create": {"name": "x", "users": {"connect": [{"id": 1}]}}},
    })

async def wrong(db: Prisma) -> None:
    await db.user.create(data={"email": "a", "posts": {"create_many": {"data": [{}]}}})  # error
    await db.user.create(data={"email": "a", "posts": {"create_many": {"rows": []}}})  # error
    await db.team.create(data={"name": "a", "users": {"create": {"email": "a", "x": 1}}})  # error
    await db.post.create(data={"title": "a", "author": {"create_many": {"data": []}}})  # error
"""

_SELECT = """
from typing import NotRequired, TypedDict
from pydantic import BaseModel
from PACKAGE import Prisma
from PACKAGE.models import User

class Title(TypedDict):
    title: str

class Counts(TypedDict):
    posts: int

class Card(TypedDict):
    id: int
    name: str | None
    posts: list[Title]
    reports: NotRequired[list[Title]]
    _count: Counts

class Email(BaseModel):
    email: str

async def right(db: Prisma) -> None:
    select = db.user.select(Card)
    cards = await select.find_many(
        where={"email": "a"},
        order=[{"posts": {"_count": "desc"}}, {"id": "asc"}],
        include={"posts": {"take": 1}, "_count": {"posts": {"where": {"published": True}}}},
        distinct=["age"],
    )
    reveal_type(cards)  # "list[Card]"
    reveal_type(cards[0]["posts"][0]["title"])  # "str"
    reveal_type(cards[0]["_count"]["posts"])  # "int"
    reveal_type(await select.find_unique(where={"id": 1}))  # "Card | None"
    reveal_type(await select.find_first_or_raise(order={"id": "asc"}))  # "Card"
    reveal_type(await User.prisma().select(Email).find_first())  # "Email | None"
    reveal_type(await db.user.select(User).find_unique_or_raise(where={"id": 1}))  # "User"

async def wrong(db: Prisma) -> None:
    select = db.user.select(Card)
    await select.find_many(where={"nothing": 1})  # error
    await select.find_many(order={"posts": "asc"})  # error
    await select.find_many(include={"_count": {"team": True}})  # error
    await select.find_many(include={"_count": {"posts": {"where": {"nothing": 1}}}})  # error
    await select.find_many(distinct=["nothing"])  # error
    await select.find_unique(where={"name": "a"})  # error
    (await select.find_many())[0]["email"]  # error
    await db.user.find_many(include={"_count": {"posts": True}})  # error
    db.user.select(Card(id=1, name=None, posts=[], _count={"posts": 1}))  # error
"""

_BATCHES = """
from PACKAGE import Prisma

async def right(db: Prisma) -> None:
    async with db.batch_() as batch:
        one = batch.user.find_unique(where={"id": 1}, include={"posts": True})
        many = batch.user.find_many(where={"email": "a"}, order={"team": {"name": "asc"}})
        number = batch.post.count()
        batch.user.create(data={"email": "a"})
    reveal_type(one)  # "BatchResult[User | None]"
    reveal_type(one.result())  # "User | None"
    reveal_type(many.result())  # "List[User]"
    reveal_type(number.result())  # "int"

async def wrong(db: Prisma) -> None:
    async with db.batch_() as batch:
        batch.user.find_unique(where={"name": "a"})  # error
        batch.user.find_many(where={"nothing": 1})  # error
        batch.user.count(order={"id": "asc"})  # error
"""

_SYNCHRONOUS = """
from typing import TypedDict
from PACKAGE import Prisma

class Name(TypedDict):
    owner: str

def right(db: Prisma) -> None:
    figures = db.account.aggregate(sum={"balance": True}, max={"owner": True})
    reveal_type(figures["_sum"]["balance"])  # "int | None"
    reveal_type(db.account.create_many_and_return([{"owner": "a"}]))  # "List[Account]"
    accounts = db.account.update_many_and_return(data={"balance": 1}, where={})
    reveal_type(accounts)  # "List[Account]"
    reveal_type(db.account.select(Name).find_many(order={"entries": {"_count": "asc"}}))  # Name
    reveal_type(db.entry.find_many(order={"account": {"owner": "asc"}}))  # "List[Entry]"

    with db.batch_() as batch:
        owner = batch.account.find_unique_or_raise(where={"owner": "a"})
    reveal_type(owner.result())  # "Account"

def wrong(db: Prisma) -> None:
    db.account.aggregate(sum={"owner": True})  # error
    db.account.create_many_and_return([{"balance": 1}])  # error
    db.account.select(Name).find_many(where={"nothing": 1})  # error
"""


def test_types(generated: Generated, tmp_path: Path) -> None:
    """Results have their types, and arguments that the engine would refuse are errors."""
    check_types([_FIGURES, _RETURNING, _ORDERS, _CREATES, _SELECT, _BATCHES], generated, tmp_path)


def test_synchronous_types(generate_client: GenerateClient, tmp_path: Path) -> None:
    """The same of a synchronous client."""
    schema = Path(__file__).parents[1] / "faults" / "sync.prisma"
    check_types([_SYNCHRONOUS], generate_client(schema), tmp_path)


def test_the_generated_code(generate_client: GenerateClient, tmp_path: Path) -> None:
    """What is added to a generated client is itself free of errors, with both interfaces."""
    surface = Path(__file__).parents[1] / "surface"
    for schema in (surface / "schema.prisma", surface / "sync.prisma"):
        generated = generate_client(schema)
        shutil.copytree(generated.folder / generated.name, tmp_path / generated.name)
    names = [f"*/{name}.py" for name in ("actions", "client", "types")]
    found = findings(tmp_path, include=names, reportPrivateUsage=False)

    # Upstream's own.
    assert [said for said in found.values() if '"payload" is partially unknown' not in said] == []
    assert len(found) <= 2
