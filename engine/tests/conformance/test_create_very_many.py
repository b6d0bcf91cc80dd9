"""create_many of hundreds of records and more, which go to the server in another way than few."""

import logging
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from prisma._compat import model_dict

_ROWS = 250
_MOMENT = datetime(2026, 2, 3, 4, 5, 6, 789012, tzinfo=UTC)


def _native(number: int) -> dict[str, Any]:
    """Values of every native type, and nulls."""
    return {
        "char": f"c{number}",
        "varchar": f"v{number}",
        "uuid": f"00000000-0000-4000-8000-{number:012}",
        "inet": f"10.0.0.{number % 250}",
        "bit": f"{number % 250:08b}",
        "varbit": "1" * (number % 16),
        "citext": f"Ci{number}",
        "smallint": number,
        "oid": number + 1,
        "real": number / 7,
        "numeric": Decimal(number) / 3,
        "money": Decimal(number) / 4,
        "plainTs": _MOMENT,
        "ts0": _MOMENT,
        "tz": _MOMENT,
        "tz3": _MOMENT,
        "date": datetime(2026, 1, 1 + number % 28, tzinfo=UTC),
        "time": _MOMENT,
        "timetz": _MOMENT,
    } | ({"varchar": None, "inet": None, "money": None, "tz": None} if number % 3 == 0 else {})


def _scalars(number: int, prisma: Any) -> dict[str, Any]:
    documents: list[Any] = [[1, [2]], {"a": [None]}, "text", number, "[1]", [], True]
    values: dict[str, Any] = {
        "string": f'it\'s "{number}" \\ é, {{}}, NULL',
        "bool": number % 2 == 0,
        "int": -number,
        "big": 2**62 + number,
        "float": 0.1 * number,
        "dec": Decimal(f"{number}.000000001"),
        "moment": _MOMENT,
        "doc": prisma.Json(documents[number % len(documents)]),
        "blob": prisma.Base64.encode(bytes([number % 256, 0, 255])),
        "role": ("USER", "ADMIN")[number % 2],
    }
    # Null in Json is SQL's, as in a single record.
    return dict.fromkeys(values) if number % 5 == 0 else values


async def _both_ways(actions: Any, data: list[dict[str, Any]]) -> None:
    """Many at once are the same as one by one."""
    for record in data:
        await actions.create(data=record)
    one_by_one = await actions.find_many(order={"id": "asc"})
    await actions.delete_many()
    assert await actions.create_many(data=data) == len(data)
    at_once = await actions.find_many(order={"id": "asc"})

    def bare(records: list[Any]) -> list[Any]:
        return [model_dict(record, exclude={"id"}) for record in records]

    assert bare(at_once) == bare(one_by_one)


async def test_native_types(db: Any) -> None:
    """Values of every native type arrive as those of single records do, nulls too."""
    await _both_ways(db.native, [_native(number) for number in range(_ROWS)])


async def test_scalars(db: Any, prisma: Any) -> None:
    """So do values of Prisma's own types, lists within Json among them."""
    await _both_ways(db.scalars, [_scalars(number, prisma) for number in range(_ROWS)])


async def test_lists(db: Any) -> None:
    """So do lists, of different lengths."""
    data = [{"ints": list(range(number % 4)), "strings": ["a"]} for number in range(_ROWS)]
    await _both_ways(db.lists, data)


async def test_names_that_need_quotes(db: Any) -> None:
    """Mapped tables and columns, and defaults for what is not given."""
    data = [{"givenName": f"n{number}", "uniqueCode": f"u{number}"} for number in range(_ROWS)]
    assert await db.mapped.create_many(data=data) == _ROWS
    rows = await db.mapped.find_many(order={"id": "asc"})
    assert [row.givenName for row in rows] == [f"n{number}" for number in range(_ROWS)]
    assert {row.select for row in rows} == {"from"}


async def test_defaults_for_each(db: Any) -> None:
    """What is generated is generated for each record."""
    assert await db.defaults.create_many(data=[{"int": number} for number in range(_ROWS)]) == _ROWS
    rows = await db.defaults.find_many(order={"id": "asc"})
    assert [row.int for row in rows] == list(range(_ROWS))
    for field in ("uuid", "cuid", "nanoid", "dbUuid"):
        assert len({getattr(row, field) for row in rows}) == _ROWS


async def test_columns_of_other_types(db: Any, sql: Any) -> None:
    """What counts is the type that a column has, also where the schema calls it by another."""
    await sql.execute("""
        CREATE DOMAIN short AS varchar(12) CHECK (VALUE <> 'wrong');
        CREATE DOMAIN moment AS timestamp(3);
        ALTER TABLE "User" ALTER "createdAt" TYPE moment;
        ALTER TABLE "Comment" ALTER text TYPE uuid USING NULL;
        ALTER TABLE "Team" ALTER name TYPE short;
    """)
    try:
        post = await db.post.create(data={"title": "t"})
        texts = [f"00000000-0000-4000-8000-{number:012}" for number in range(_ROWS)]
        await db.comment.create_many(data=[{"text": text, "postId": post.id} for text in texts])
        await db.team.create_many(data=[{"name": f"team {number}"} for number in range(_ROWS)])
        await db.user.create_many(data=[{"email": text, "createdAt": _MOMENT} for text in texts])
        assert await db.user.count(where={"createdAt": _MOMENT}) == _ROWS
        assert await sql.fetchval('SELECT count(DISTINCT text) FROM "Comment"') == _ROWS
        assert await sql.fetchval('SELECT count(*) FROM "Team"') == _ROWS
        with pytest.raises(Exception, match="violates check constraint"):
            await db.team.create_many(data=[{"name": "wrong"}] * _ROWS)
    finally:
        await sql.execute("""
            TRUNCATE "Team", "Comment", "User" CASCADE;
            ALTER TABLE "User" ALTER "createdAt" TYPE timestamp(3);
            ALTER TABLE "Comment" ALTER text TYPE text;
            ALTER TABLE "Team" ALTER name TYPE text;
            DROP DOMAIN short, moment;
        """)


async def test_all_or_nothing(db: Any, prisma: Any) -> None:
    """A taken value at the end of more than one statement's records refuses all of them."""
    names = [f"{number}" for number in range(12_000)]
    with pytest.raises(prisma.errors.UniqueViolationError) as caught:
        await db.team.create_many(data=[{"name": name} for name in [*names, "0"]])
    assert caught.value.meta["target"] == ["name"]
    assert await db.team.count() == 0
    assert await db.team.create_many(data=[{"name": name} for name in names]) == 12_000


async def test_skip_duplicates(db: Any) -> None:
    """Taken values are left out, and not counted."""
    await db.team.create(data={"name": "7"})
    data = [{"name": str(number % 200)} for number in range(_ROWS)]
    assert await db.team.create_many(data=data, skip_duplicates=True) == 199


async def test_one_statement(db: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Five thousand records, some with nulls, are one insertion with one text for any number."""
    caplog.set_level(logging.DEBUG, "prisma_wasm.query")
    texts: list[str] = []
    for count in (300, 5_000):
        caplog.clear()
        await db.user.create_many(
            data=[{"email": f"{count}.{n}", "age": n if n % 3 else None} for n in range(count)]
        )
        sent: list[Any] = [item for item in caplog.records if item.name == "prisma_wasm.query"]
        texts += [item.sql for item in sent if item.sql.startswith("INSERT")]
    assert len(texts) == 2
    assert len(set(texts)) == 1
