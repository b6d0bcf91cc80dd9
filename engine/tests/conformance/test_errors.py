"""Errors: their classes, codes, data and words, as callers of the client read them."""

# ruff: noqa: PT012, PT017 - what raises is one of several queries or transactions

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError


async def _caught(prisma: Any, query: Any, kind: str = "DataError") -> Any:
    with pytest.raises(getattr(prisma.errors, kind)) as caught:
        await query
    assert type(caught.value).__name__ == kind
    return caught.value


async def test_unique_violation(db: Any, prisma: Any) -> None:
    """P2002 names the fields, by their names in the schema or in the database as ever."""
    await db.mapped.create(data={"givenName": "g", "uniqueCode": "u"})
    error = await _caught(
        prisma,
        db.mapped.create(data={"givenName": "h", "uniqueCode": "u"}),
        "UniqueViolationError",
    )
    assert (error.code, error.meta["target"]) == ("P2002", ["unique_code"])
    assert str(error) == "Unique constraint failed on the fields: (`unique_code`)"
    assert error.data["user_facing_error"]["error_code"] == "P2002"
    assert error.data["user_facing_error"]["is_panic"] is False
    error = await _caught(
        prisma,
        db.mapped.create(data={"givenName": "g", "uniqueCode": "v"}),
        "UniqueViolationError",
    )
    assert error.meta["target"] == ["given name", "SELECT"]


async def test_unique_violation_of_an_expression(db: Any, prisma: Any, sql: Any) -> None:
    """An index that is no plain list of columns is still told."""
    await sql.execute('CREATE UNIQUE INDEX lower_name ON "Team" (lower(name))')
    try:
        await db.team.create(data={"name": "Core"})
        error = await _caught(prisma, db.team.create(data={"name": "CORE"}), "UniqueViolationError")
        assert error.code == "P2002"
    finally:
        await sql.execute("DROP INDEX lower_name")


async def test_foreign_key_violation(db: Any, prisma: Any) -> None:
    """P2003 names the constraint."""
    error = await _caught(
        prisma, db.profile.create(data={"bio": "b", "userId": 9}), "ForeignKeyViolationError"
    )
    assert error.code == "P2003"
    assert error.meta["field_name"] == "Profile_userId_fkey (index)"
    assert str(error) == "Foreign key constraint failed on the field: `Profile_userId_fkey (index)`"


async def test_record_not_found(db: Any, prisma: Any) -> None:
    """P2025 says what was looked for."""
    error = await _caught(
        prisma, db.user.find_first_or_raise(where={"id": 5}), "RecordNotFoundError"
    )
    assert error.code == "P2025"
    assert "cause" in error.meta
    error = await _caught(
        prisma,
        db.user.create(data={"email": "x", "team": {"connect": {"id": 5}}}),
        "RecordNotFoundError",
    )
    assert error.code == "P2025"
    assert "No 'Team' record" in str(error)


async def test_required_relation(db: Any, prisma: Any) -> None:
    """P2014 names the relation that would be violated."""
    await db.user.create(data={"email": "x", "profile": {"create": {"bio": "b"}}})
    query = db.user.update(where={"email": "x"}, data={"profile": {"disconnect": True}})
    error = await _caught(prisma, query)
    assert error.code in ("P2009", "P2014")


async def test_missing_required_value(db: Any, prisma: Any) -> None:
    """A required value that is missing is named with its path."""
    error = await _caught(prisma, db.profile.create(data={}), "MissingRequiredValueError")
    assert error.args
    nested = {"email": "x", "posts": {"create": [{"body": "no title"}]}}
    error = await _caught(prisma, db.user.create(data=nested), "MissingRequiredValueError")
    assert "title" in str(error.args)


async def test_field_not_found(db: Any, prisma: Any) -> None:
    """A field that is not there is named with its path."""
    for query, path in (
        (db.user.find_first(where={"nope": 1}), "where.nope"),
        (db.user.find_first(where={"posts": {"some": {"nope": 1}}}), "posts.some.nope"),
        (db.user.create(data={"email": "x", "nope": 1}), "data.nope"),
        (db.user.update(where={"id": 1}, data={"posts": {"nope": 1}}), "posts.nope"),
        (db.user.find_many(order={"nope": "asc"}), "nope"),
    ):
        error = await _caught(prisma, query, "FieldNotFoundError")
        assert error.code == "P2009"
        assert path in str(error)


async def test_table_not_found(db: Any, prisma: Any, sql: Any) -> None:
    """P2021 names the table."""
    await sql.execute('ALTER TABLE "Team" RENAME TO "Hidden"')
    try:
        error = await _caught(prisma, db.team.find_first(), "TableNotFoundError")
        assert (error.code, error.table) == ("P2021", "public.Team")
        assert "The table `public.Team` does not exist in the current database." in str(error)
        await _caught(prisma, db.team.create(data={"name": "x"}), "TableNotFoundError")
    finally:
        await sql.execute('ALTER TABLE "Hidden" RENAME TO "Team"')
    assert await db.team.find_first() is None


async def test_column_not_found(db: Any, prisma: Any, sql: Any) -> None:
    """P2022 names the column; once it is there again, the same query works."""
    await sql.execute('ALTER TABLE "Team" RENAME COLUMN name TO title')
    try:
        error = await _caught(prisma, db.team.find_first())
        assert error.code == "P2022"
        assert "name" in error.meta["column"]
    finally:
        await sql.execute('ALTER TABLE "Team" RENAME COLUMN title TO name')
    assert await db.team.find_first() is None


async def test_changed_columns(db: Any, sql: Any) -> None:
    """A migration while the client runs does not break queries that it ran before."""
    await db.team.create(data={"name": "a"})
    assert (await db.team.find_first()).name == "a"
    await sql.execute('ALTER TABLE "Team" ADD COLUMN extra int DEFAULT 5')
    try:
        assert (await db.team.find_first()).name == "a"
        await sql.execute('ALTER TABLE "Team" ALTER COLUMN name TYPE varchar(50)')
        assert (await db.team.find_first()).name == "a"
        assert (await db.team.update(where={"id": 1}, data={"name": "b"})).name == "b"
    finally:
        await sql.execute('ALTER TABLE "Team" DROP COLUMN extra')
        await sql.execute('ALTER TABLE "Team" ALTER COLUMN name TYPE text')


async def test_check_constraint(db: Any, prisma: Any, sql: Any) -> None:
    """A constraint that Prisma does not know is told in the database's words."""
    await sql.execute('ALTER TABLE "Team" ADD CONSTRAINT not_empty CHECK (name <> $$$$)')
    try:
        error = await _caught(prisma, db.team.create(data={"name": ""}))
        assert "not_empty" in str(error)
        assert "23514" in str(error)
    finally:
        await sql.execute('ALTER TABLE "Team" DROP CONSTRAINT not_empty')


async def test_not_null_of_the_database(db: Any, prisma: Any, sql: Any) -> None:
    """P2011 where the database wants a value that the schema does not."""
    await sql.execute('ALTER TABLE "Scalars" ALTER COLUMN string SET NOT NULL')
    try:
        error = await _caught(prisma, db.scalars.create(data={"int": 1}))
        assert error.code == "P2011"
        assert "Null constraint violation" in str(error)
    finally:
        await sql.execute('ALTER TABLE "Scalars" ALTER COLUMN string DROP NOT NULL')


async def test_null_of_a_required_field_in_the_database(db: Any, prisma: Any, sql: Any) -> None:
    """A NULL that the schema excludes is an error, of engine or model, not a wrong record."""
    await sql.execute('ALTER TABLE "Team" ALTER COLUMN name DROP NOT NULL')
    try:
        await sql.execute('INSERT INTO "Team" (name) VALUES (NULL)')
        with pytest.raises((prisma.errors.DataError, ValidationError)):
            await db.team.find_many()
    finally:
        await sql.execute('DELETE FROM "Team" WHERE name IS NULL')
        await sql.execute('ALTER TABLE "Team" ALTER COLUMN name SET NOT NULL')


async def test_deadlock(db: Any, prisma: Any) -> None:
    """Of two transactions that wait for each other one goes on; the other is told why."""
    await db.team.create_many(data=[{"name": "a"}, {"name": "b"}])

    async def work(first: str, second: str, ready: asyncio.Barrier) -> str:
        try:
            async with db.tx() as tx:
                await tx.team.update(
                    where={"name": first},
                    data={"users": {"create": {"email": first + second}}, "name": first},
                )
                await tx.execute_raw('SELECT 1 FROM "Team" WHERE name = $1 FOR UPDATE', first)
                await ready.wait()
                await tx.execute_raw('SELECT 1 FROM "Team" WHERE name = $1 FOR UPDATE', second)
        except prisma.errors.DataError as error:
            assert isinstance(error, prisma.errors.RawQueryError)
            return error.meta["code"]
        return "done"

    ready = asyncio.Barrier(2)
    outcomes = await asyncio.gather(work("a", "b", ready), work("b", "a", ready))
    assert sorted(outcomes) == ["40P01", "done"]
    assert await db.user.count() == 1


async def test_values_that_are_none(db: Any) -> None:
    """An object of any class is no value."""
    with pytest.raises(TypeError, match="not serializable"):
        await db.user.create(data={"email": object()})
    with pytest.raises(TypeError, match="not serializable"):
        await db.user.find_many(where={"email": {"in": [object()]}})


async def test_secrets_are_not_in_words(db: Any, prisma: Any) -> None:
    """A refused query does not tell the values of other fields."""
    with pytest.raises(prisma.errors.UniqueViolationError) as caught:
        for _ in range(2):
            await db.user.create(data={"email": "x", "name": "s3cr3t"})
    assert "s3cr3t" not in str(caught.value)
    assert "s3cr3t" not in str(caught.value.data)
