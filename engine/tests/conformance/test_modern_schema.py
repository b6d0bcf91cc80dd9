"""A schema of several PostgreSQL schemas, with relation joins and the newer generated values."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest_asyncio
from fix_client import GenerateClient, Generated
from prisma._compat import model_dict


@pytest_asyncio.fixture(loop_scope="session")
async def modern(
    generate_client: GenerateClient, database_of: Callable[[Generated], str]
) -> AsyncIterator[Any]:
    """A connected client of that schema, with an empty database."""
    generated = generate_client(Path(__file__).parent / "modern.prisma")
    client = generated.package.Prisma(datasource={"url": database_of(generated)})
    await client.connect()
    yield client
    await client.disconnect()


async def test_generated_values(modern: Any) -> None:
    """UUIDs and ULIDs grow with time; each kind has its form."""
    account = await modern.account.create(data={"name": "a"})
    assert UUID(account.id).version == 7
    entries = [
        await modern.entry.create(data={"text": "t", "accountId": account.id}) for _ in range(20)
    ]
    assert all(re.fullmatch(r"[a-z][a-z0-9]{23}", entry.id) for entry in entries)
    assert all(re.fullmatch(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", entry.ulid) for entry in entries)
    assert len({entry.id for entry in entries}) == len({entry.ulid for entry in entries}) == 20
    assert [e.ulid[:9] for e in entries] == sorted(e.ulid[:9] for e in entries)
    ids = [(await modern.account.create(data={"name": "a"})).id for _ in range(20)]
    assert [one[:13] for one in ids] == sorted(one[:13] for one in ids)


async def test_tables_of_the_same_name(modern: Any) -> None:
    """Tables of one name in two schemas are two tables, also when they are joined."""
    root = await modern.account.create(
        data={"name": "root", "entries": {"create": [{"text": "one", "amount": 2**60 + 1}]}}
    )
    await modern.account.create(
        data={
            "name": "child",
            "kind": "SMALL",
            "parent": {"connect": {"id": root.id}},
            "marks": {"create": [{}, {}]},
        }
    )
    found = await modern.account.find_many(
        where={"OR": [{"entries": {"some": {"amount": {"gt": 2**60}}}}, {"kind": "SMALL"}]},
        order={"name": "desc"},
        include={
            "entries": {"include": {"account": True}},
            "children": {"include": {"marks": {"order_by": {"id": "asc"}}, "parent": True}},
        },
    )
    assert [account.name for account in found] == ["root", "child"]
    assert found[0].kind == "LARGE"
    assert found[0].entries[0].amount == 2**60 + 1
    assert found[0].entries[0].account.name == "root"
    assert found[0].children[0].parent.id == root.id
    assert [mark.id for mark in found[0].children[0].marks] == [1, 2]
    assert found[1].entries == found[1].children == []


async def test_joined_relations_keep_their_values(modern: Any) -> None:
    """What comes through a join's JSON is what a plain query gives, moments and big numbers too."""
    account = await modern.account.create(
        data={"name": "a", "entries": {"create": [{"text": "x\u2028ü", "amount": -(2**63)}]}},
        include={"entries": True},
    )
    entry = await modern.entry.find_first()
    joined = (await modern.account.find_first(include={"entries": True})).entries[0]
    assert model_dict(account.entries[0]) == model_dict(entry) == model_dict(joined)
    assert joined.at.microsecond == entry.at.microsecond
    ordered = await modern.account.find_many(
        include={"entries": {"order_by": {"amount": "desc"}, "take": 1, "skip": 0}}
    )
    assert ordered[0].entries[0] == entry
    assert await modern.entry.group_by(by=["text"], count=True) == [
        {"text": "x\u2028ü", "_count": {"_all": 1}}
    ]
