"""Defaults of every kind: written by the client or by the database."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID


async def test_all(db: Any) -> None:
    """Each default has the value that the schema says."""
    row = await db.defaults.create(data={})
    assert row.id == 1
    assert UUID(row.uuid).version == 4
    assert re.fullmatch(r"c[a-z0-9]{24}", row.cuid)
    assert re.fullmatch(r"[A-Za-z0-9_-]{21}", row.nanoid)
    assert re.fullmatch(r"[A-Za-z0-9_-]{7}", row.short)
    assert UUID(row.dbUuid).version == 4
    assert row.dbText == "ab"
    assert row.text == 'it\'s "quoted" \\ and ünïcode'
    assert (row.int, row.big, row.float, row.bool) == (-7, 2**63 - 1, 0.1, True)
    assert row.dec == Decimal("12345678901234567890.123456789")
    assert row.doc == {"a": [1, None]}
    assert row.blob.decode() == b"\x00\x01\x02\xff"
    assert row.role == "ADMIN"
    assert row.moment == datetime(2020, 2, 29, 12, 34, 56, 789000, tzinfo=UTC)
    assert (row.texts, row.ints, row.roles) == (["a", "b"], [1, 2], ["USER", "ADMIN"])
    for moment in (row.createdAt, row.updatedAt, row.seenAt):
        assert abs(moment - datetime.now(UTC)) < timedelta(seconds=30)
    assert row == await db.defaults.find_first()


async def test_each_record_has_its_own(db: Any) -> None:
    """Generated values differ from record to record, in every kind of write."""
    await db.defaults.create_many(data=[{}, {}, {"int": 1}])
    await db.defaults.create(data={})
    for number in (100, 101):
        await db.defaults.upsert(where={"id": number}, data={"create": {}, "update": {}})
    async with db.batch_() as batch:
        batch.defaults.create(data={})
        batch.defaults.create(data={})
    rows = await db.defaults.find_many()
    assert len(rows) == 8
    for name in ("uuid", "cuid", "nanoid", "short", "dbUuid"):
        assert len({getattr(row, name) for row in rows}) == 8, name
    assert {row.int for row in rows} == {-7, 1}


async def test_same_shape_again(db: Any) -> None:
    """A query that runs again makes new values."""
    labels = [await db.label.create(data={"name": str(n)}) for n in range(5)]
    assert len({label.id for label in labels}) == 5


async def test_in_nested_writes(db: Any) -> None:
    """Records created through relations have their defaults."""
    owner = await db.uuidowner.create(
        data={"name": "n", "items": {"create": [{"name": "a"}, {"name": "b"}]}},
        include={"items": True},
    )
    assert UUID(owner.id).version == 4
    assert len({item.id for item in owner.items}) == 2
    post = await db.post.create(
        data={"title": "t", "labels": {"create": [{"label": {"create": {"name": "x"}}}]}},
        include={"labels": True},
    )
    assert re.fullmatch(r"c[a-z0-9]{24}", post.labels[0].labelId)
    assert post.labels[0].weight == 1


async def test_updated_at(db: Any) -> None:
    """@updatedAt moves with every kind of update, nested ones included; other defaults stay."""
    old = datetime(2000, 1, 1, tzinfo=UTC)
    row = await db.defaults.create(data={"updatedAt": old, "seenAt": old})
    changed = await db.defaults.update(where={"id": row.id}, data={"int": 1})
    assert changed.updatedAt > old
    assert changed.seenAt > old
    assert (changed.cuid, changed.createdAt) == (row.cuid, row.createdAt)
    boss = await db.user.create(data={"email": "boss", "updatedAt": old})
    other = await db.user.create(data={"email": "o", "updatedAt": old, "bossId": boss.id})
    await db.user.update(
        where={"id": boss.id}, data={"reports": {"updateMany": {"where": {}, "data": {"age": 1}}}}
    )
    assert (await db.user.find_unique(where={"id": other.id})).updatedAt > old
