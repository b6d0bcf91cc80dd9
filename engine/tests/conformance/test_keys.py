"""Relations over keys of every type: loaded, filtered and written."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest


async def _check(owners: Any, items: Any, key: str, reference: str, values: list[Any]) -> None:
    for value in values:
        await owners.create(data={key: value})
        for _ in range(2):
            data: dict[str, Any] = {reference: value}
            if items._model.__name__ == "BigItem":
                data["id"] = await items.count() + 2**40
            await items.create(data=data)
    for value in values:
        owner = await owners.find_unique(where={key: value}, include={"items": True})
        assert getattr(owner, key) == value
        assert len(owner.items) == 2
        assert await items.count(where={reference: value}) == 2
        assert await items.count(where={"owner": {"is": {key: value}}}) == 2
    found = await items.find_many(include={"owner": {"include": {"items": True}}})
    assert len(found) == 2 * len(values)
    for item in found:
        assert getattr(item.owner, key) == getattr(item, reference)
        assert len(item.owner.items) == 2


async def test_bigint(db: Any) -> None:
    """Keys beyond what a float can hold stay apart."""
    numbers = [2**53, 2**53 + 1, 2**63 - 1, -(2**63), 0]
    await _check(db.bigowner, db.bigitem, "id", "ownerId", numbers)


async def test_moment(db: Any) -> None:
    """Keys a microsecond apart stay apart."""
    moments = [datetime(2024, 1, 1, 0, 0, 0, n, tzinfo=UTC) for n in (0, 1, 2, 999_999)]
    await _check(db.momentowner, db.momentitem, "at", "ownerAt", moments)


async def test_bytes(db: Any, prisma: Any) -> None:
    """Any bytes are a key, none included."""
    keys = [prisma.Base64.encode(raw) for raw in (b"", b"\x00", b"\x00\x00", b"\xff" * 50)]
    await _check(db.bytesowner, db.bytesitem, "key", "ownerKey", keys)


async def test_decimal(db: Any) -> None:
    """Keys that differ in the last digit stay apart."""
    prices = [
        Decimal("12345678901234567890.0000000001"),
        Decimal(12345678901234567890),
        Decimal(0),
    ]
    await _check(db.decimalowner, db.decimalitem, "price", "ownerPrice", prices)


async def test_uuid(db: Any, prisma: Any) -> None:
    """UUIDs are texts for the client; any spelling finds the record."""
    key = str(uuid4())
    made = await db.uuidowner.create(
        data={"id": key, "name": "n", "items": {"create": [{"name": "a"}]}}
    )
    assert made.id == key
    found = await db.uuidowner.find_unique(where={"id": key.upper()}, include={"items": True})
    assert found.items[0].ownerId == key
    assert await db.uuiditem.count(where={"ownerId": {"in": [key]}}) == 1
    assert await db.uuiditem.count(where={"owner": {"is": {"id": {"not": key}}}}) == 0
    with pytest.raises(prisma.errors.DataError):
        await db.uuidowner.find_unique(where={"id": "not a uuid"})


async def test_generated_uuid_by_database(db: Any) -> None:
    """A key that the database makes comes back."""
    first = await db.uuiditem.create(data={"name": "a"})
    assert await db.uuiditem.find_unique(where={"id": first.id}) == first
    assert await db.uuiditem.create_many(data=[{"name": "b"}, {"name": "c"}]) == 2
