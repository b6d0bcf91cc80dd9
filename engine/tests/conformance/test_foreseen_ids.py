"""Nested creates whose id is foreseen: right also where the database makes another row of it."""

from typing import Any
from uuid import uuid4

import pytest
from meddling import meddling

_ITEMS = {"create": [{"name": "a"}, {"name": "b"}]}


async def _made(db: Any, name: str, **data: Any) -> Any:
    owner = await db.uuidowner.create(
        data={"name": name, "items": _ITEMS, **data},
        include={"items": {"order_by": {"name": "asc"}}},
    )
    assert [item.name for item in owner.items] == ["a", "b"]
    assert {item.ownerId for item in owner.items} == {owner.id}
    assert owner.name.startswith(name)
    return owner


@pytest.mark.parametrize("given", [None, "given", "GIVEN"])
async def test_an_id(db: Any, given: str | None) -> None:
    """Generated or given, in whichever spelling."""
    for turn in range(3):
        data: dict[str, Any] = {}
        if given is not None:
            id_ = str(uuid4())
            data["id"] = id_.upper() if given.isupper() else id_
        owner = await _made(db, f"{turn}", **data)
        assert given is None or owner.id == data["id"].lower()
    assert await db.uuidowner.count() == 3


async def test_another_id(db: Any) -> None:
    """A trigger may give the row another id than the one that was sent."""
    async with meddling(
        db, "UuidOwner", "NEW.id = md5(NEW.name)::uuid; NEW.name = NEW.name || '!';"
    ):
        for name in ("x", "y", "z"):
            owner = await _made(db, name)
            assert owner.name == f"{name}!"
    assert await db.uuidowner.count() == 3
    await _made(db, "without")


async def test_a_row_that_is_not_made(db: Any, prisma: Any) -> None:
    """A trigger may keep a row from being made; then nothing is."""
    await _made(db, "before")
    async with meddling(db, "UuidOwner", "RETURN NULL;"):
        for _ in range(2):
            with pytest.raises(prisma.errors.PrismaError):
                await _made(db, "x")
    assert (await db.uuidowner.count(), await db.uuiditem.count()) == (1, 2)
    await _made(db, "after")


async def test_a_division_by_zero_of_ones_own(db: Any, prisma: Any) -> None:
    """It stays the error that it is."""
    await _made(db, "before")
    async with meddling(db, "UuidItem", "NEW.name = (1 / 0)::text;"):
        for _ in range(2):
            with pytest.raises(prisma.errors.PrismaError, match="division by zero"):
                await _made(db, "x")
    assert (await db.uuidowner.count(), await db.uuiditem.count()) == (1, 2)
    await _made(db, "after")


async def test_an_id_that_is_taken(db: Any, prisma: Any) -> None:
    """The constraint's error, again and again, and nothing else of it."""
    taken = (await _made(db, "first")).id
    for _ in range(3):
        with pytest.raises(prisma.errors.UniqueViolationError):
            await _made(db, "second", id=taken)
    assert (await db.uuidowner.count(), await db.uuiditem.count()) == (1, 2)


async def test_a_table_with_a_rule(db: Any) -> None:
    """PostgreSQL does not take an INSERT into it inside of another statement."""
    await db.execute_raw('CREATE RULE tell AS ON INSERT TO "UuidOwner" DO ALSO NOTIFY made')
    try:
        with pytest.raises(Exception, match="rules are not supported"):
            await db.execute_raw(
                'WITH made AS (INSERT INTO "UuidOwner" VALUES (gen_random_uuid(), $1)) SELECT', "x"
            )
        for name in ("x", "y"):
            await _made(db, name)
    finally:
        await db.execute_raw('DROP RULE tell ON "UuidOwner"')
    assert await db.uuidowner.count() == 2


async def test_inside_of_a_transaction(db: Any) -> None:
    """Where an error would end more than the one write, all goes one by one."""
    async with (
        meddling(db, "UuidOwner", "NEW.id = md5(NEW.name)::uuid;"),
        db.tx() as tx,
    ):
        for name in ("x", "y"):
            await _made(tx, name)
    assert await db.uuidowner.count() == 2


async def test_an_id_that_is_padded(db: Any) -> None:
    """What is stored is what PostgreSQL gives back, to the last blank."""
    for id_ in ("ab", "abcdefgh", "ü"):
        await db.paddedowner.create(data={"id": id_, "items": {"create": [{}, {}]}})
        rows = await db.query_raw('SELECT DISTINCT "ownerId" AS id FROM "PaddedItem"')
        assert rows == [{"id": id_.ljust(8)}]
        await db.paddeditem.delete_many()
