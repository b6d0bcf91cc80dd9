"""stream: everything that find_many finds, page by page."""

import importlib
import itertools
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from fix_client import Generated

from prisma_wasm import stream

_FIELDS = ("email", "name", "age", "points", "active", "createdAt", "id")


def records(actions: Any, **arguments: Any) -> AsyncIterator[Any]:
    """What streams of these tests' clients are, whose types are not known."""
    return cast("AsyncIterator[Any]", stream(actions, **arguments))


async def all_of(actions: Any, **arguments: Any) -> list[Any]:
    return [record async for record in records(actions, **arguments)]


async def users(db: Any) -> None:
    """Thirty users with many equal values, and nulls, in all fields but two."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    await db.user.create_many(
        data=[
            {
                "email": f"{number * 7 % 30:02}@example.com",
                "name": (None, "a", "B", "é", "")[number % 5],
                "age": (3, None, 1)[number % 3],
                "points": (0.1, -2.5, 1e300, 0.0)[number % 4],
                "active": number % 2 == 0,
                "createdAt": start + timedelta(milliseconds=number % 4),
            }
            for number in range(30)
        ]
    )


async def test_all_records(db: Any) -> None:
    """Without an order the records come by their id, each once, whatever the size of a batch."""
    await users(db)
    expected = [user.id for user in await db.user.find_many(order={"id": "asc"})]
    assert len(expected) == 30
    for batch in (1, 7, 29, 30, 31, 500):
        assert [user.id async for user in records(db.user, batch=batch)] == expected


@pytest.mark.parametrize("fields", list(itertools.permutations(_FIELDS, 2)))
async def test_orders(db: Any, fields: tuple[str, str]) -> None:
    """In every order the records are those of find_many, also where values repeat or are null."""
    await users(db)
    for directions in itertools.product(("asc", "desc"), repeat=2):
        order: list[Any] = [
            {field: direction} for field, direction in zip(fields, directions, strict=True)
        ]
        expected = await db.user.find_many(order=[*order, {"id": "asc"}])
        found = await all_of(db.user, order=order, batch=4)
        assert [user.id for user in found] == [user.id for user in expected]


async def test_filters_and_relations(db: Any) -> None:
    """Filters and includes are those of every page."""
    team = await db.team.create(data={"name": "t"})
    await users(db)
    await db.user.update_many(where={"active": True}, data={"teamId": team.id})
    where = {"OR": [{"active": True}, {"age": 3}]}
    found = await all_of(db.user, where=where, include={"team": True}, batch=3)

    assert len(found) == await db.user.count(where=where) == 20
    assert all((user.team is not None) == user.active for user in found)


async def test_an_order_of_one(db: Any) -> None:
    """One order may stand without a list."""
    await users(db)
    found = await all_of(db.user, order={"email": "desc"}, batch=8)

    assert [user.email for user in found] == sorted((user.email for user in found), reverse=True)
    assert len(found) == 30


async def test_what_is_read_may_be_deleted(db: Any) -> None:
    """Deleting each record as it comes, the last of a page too, ends no stream early."""
    await users(db)
    count = 0
    async for user in records(db.user, order={"age": "desc"}, batch=4):
        await db.user.delete(where={"id": user.id})
        count += 1

    assert count == 30
    assert await db.user.count() == 0


async def test_what_is_read_may_change(db: Any) -> None:
    """A change of the last record's place in the order neither repeats nor skips the others."""
    await users(db)
    seen: list[int] = []
    async for user in records(db.user, order={"email": "asc"}, batch=5):
        seen.append(user.id)
        await db.user.update(where={"id": user.id}, data={"email": f"0{user.email}"})

    assert len(seen) == len(set(seen)) == 30


async def test_nothing_is_held(db: Any) -> None:
    """Between pages no connection is in use, and a stream may be left."""
    await users(db)
    async for _user in records(db.user, batch=5):
        busy = [
            gauge.value
            for gauge in (await db.get_metrics()).gauges
            if gauge.key == "prisma_pool_connections_busy"
        ]
        assert busy == [0]
        break


async def test_pages_share_a_plan(db: Any) -> None:
    """However many pages there are, two plans are compiled: the first page's, and the others'."""

    async def compiled() -> float:
        counters = (await db.get_metrics()).counters
        return next(item.value for item in counters if item.key == "prisma_plan_cache_misses_total")

    await users(db)
    before = await compiled()
    where = {"email": {"endswith": "example.com"}, "points": {"gte": -7.25}}
    assert len(await all_of(db.user, where=where, batch=2)) == 30
    assert await compiled() - before <= 2


async def test_other_keys(db: Any) -> None:
    """Keys of several fields, and of other types than Int, are gone along like ids."""
    for row, letter in itertools.product(range(4), "abc"):
        await db.seat.create(
            data={"row": row, "letter": letter, "hall": letter, "code": f"{row}{letter}"}
        )
    for number in range(7):
        await db.uuidowner.create(data={"name": f"{number % 2}"})
        await db.momentowner.create(
            data={"at": datetime(2026, 1, 1, microsecond=number, tzinfo=UTC)}
        )
        await db.decimalowner.create(data={"price": f"0.000000000{number}"})
        await db.bigowner.create(data={})

    seats = [(seat.row, seat.letter) async for seat in records(db.seat, batch=2)]
    assert seats == list(itertools.product(range(4), "abc"))
    for actions in (db.uuidowner, db.momentowner, db.decimalowner, db.bigowner):
        assert len(await all_of(actions, batch=2)) == 7
    names = [owner.name async for owner in records(db.uuidowner, order={"name": "desc"}, batch=2)]
    assert names == ["1"] * 3 + ["0"] * 4


async def test_in_a_transaction(db: Any) -> None:
    """A transaction's client streams what the transaction sees."""
    async with db.tx() as tx:
        await users(tx)
        assert len(await all_of(tx.user, batch=7)) == 30
        assert await db.user.count() == 0


async def test_orders_that_cannot_be(db: Any) -> None:
    """What no filter can go on from is refused before anything is read, by name."""
    with pytest.raises(ValueError, match=r"order of `role`.*Role"):
        records(db.user, order={"role": "asc"})
    with pytest.raises(ValueError, match=r"order of `tags`.*String\[\]"):
        records(db.user, order={"tags": "asc"})
    with pytest.raises(ValueError, match="'nobody': 'asc'"):
        records(db.user, order={"nobody": "asc"})
    with pytest.raises(ValueError, match="'age': 'up'"):
        records(db.user, order={"age": "up"})
    with pytest.raises(ValueError, match=r"order of `key`.*Bytes"):
        records(db.bytesowner)
    with pytest.raises(ValueError, match="at least one record, not 0"):
        records(db.user, batch=0)


_TYPED = """
from PACKAGE import Prisma
from PACKAGE.models import User
from prisma_wasm import stream

async def right(db: Prisma) -> None:
    async for user in stream(
        db.user,
        where={"email": {"contains": "x"}, "OR": [{"age": 3}, {"name": None}]},
        order=[{"createdAt": "desc"}, {"id": "asc"}],
        include={"team": True},
        batch=100,
    ):
        reveal_type(user)
    async for own in stream(User.prisma(), order={"id": "asc"}):
        reveal_type(own.email)

async def wrong(db: Prisma) -> None:
    stream(db.user, where={"nobody": 1})
    stream(db.user, order={"email": "up"})
    stream(db.user, include={"nothing": True})
    stream(db)
"""


def test_types(generated: Generated, tmp_path: Path) -> None:
    """A type checker knows the records, and refuses what find_many would refuse."""
    importlib.import_module(generated.name)
    (tmp_path / "sample.py").write_text(_TYPED.replace("PACKAGE", generated.name))
    settings = {"extraPaths": [str(generated.folder)], "typeCheckingMode": "strict"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pyright",
            "--outputjson",
            "--pythonpath",
            sys.executable,
            "-p",
            ".",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    found: Any = json.loads(done.stdout)["generalDiagnostics"]

    revealed = [item["message"] for item in found if item["severity"] == "information"]
    assert revealed == ['Type of "user" is "User"', 'Type of "own.email" is "str"']
    lines = _TYPED.splitlines()
    errors = [
        lines[int(item["range"]["start"]["line"])].strip()
        for item in found
        if item["severity"] == "error" and "Unknown" not in item["message"]
    ]
    assert sorted(set(errors)) == sorted(line.strip() for line in lines[-4:])
