"""Bytes: any of them, filters, lists."""

from typing import Any

import pytest

from conformance.types import check_list_filters, found, list_there_and_back, there_and_back

RAW = [b"", b"\x00", b"\xff\xfe", b"text", bytes(range(256)), b"\\x41", b"x" * 100_000]


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
async def test_values(db: Any, prisma: Any, raw: bytes) -> None:
    """Any bytes come back, and are found."""
    value = prisma.Base64.encode(raw)
    answer = await there_and_back(db, "scalars", "blob", value)
    assert isinstance(answer, prisma.Base64)
    assert answer.decode() == raw
    assert await db.scalars.count(where={"blob": {"equals": value}}) == 4


async def test_filters(db: Any, prisma: Any) -> None:
    """Equality, membership and their negation."""
    first, second = prisma.Base64.encode(b"\x01"), prisma.Base64.encode(b"\x02")
    await db.scalars.create_many(data=[{"blob": first}, {"blob": second}, {}])
    assert await found(db, "scalars", {"blob": first}) == [1]
    assert await found(db, "scalars", {"blob": {"in": [first, second]}}) == [1, 2]
    assert await found(db, "scalars", {"blob": {"not_in": [first]}}) == [2]
    assert await found(db, "scalars", {"blob": {"not": first}}) == [2]
    assert await found(db, "scalars", {"blob": None}) == [3]


async def test_in_the_database(db: Any, prisma: Any, sql: Any) -> None:
    """What is stored are the bytes, not their base 64."""
    await db.scalars.create(data={"blob": prisma.Base64.encode(b"\x00\x01\xff")})
    assert await sql.fetchval('SELECT "blob" FROM "Scalars"') == b"\x00\x01\xff"


async def test_lists(db: Any, prisma: Any) -> None:
    """Lists of bytes."""
    for raws in ([], RAW[:6]):
        values = [prisma.Base64.encode(raw) for raw in raws]
        answer = await list_there_and_back(db, "bytess", values)
        assert [value.decode() for value in answer] == raws


async def test_list_filters(db: Any, prisma: Any) -> None:
    """Bytes in lists."""
    await check_list_filters(
        db, "bytess", *[prisma.Base64.encode(raw) for raw in (b"a", b"\x00", b"")]
    )


async def test_malformed(db: Any, prisma: Any) -> None:
    """What is no base 64 is refused."""
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.create(data={"blob": prisma.Base64(b"not base 64!")})
