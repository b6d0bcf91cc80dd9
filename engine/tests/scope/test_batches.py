"""Every statement of a batch runs in its scope, whatever raw statements before it have changed."""

# ruff: noqa: PT012 - what raises is the end of a block

from __future__ import annotations

from typing import Any

import pytest

from .acting import as_user, assert_nothing_leaks, owners

# What gives the session or the transaction another user, or none. Behind a pooler the former stay
# on a session that all clients share: that is not for the engine to hold.
IN_THE_SESSION = [
    "SET app.user_id = 'ben'",
    "SELECT set_config('app.user_id', 'ben', false)",
    "DO $$ BEGIN PERFORM set_config('app.user_id', 'ben', false); END $$",
]
CHANGES = [
    *IN_THE_SESSION,
    "SET LOCAL app.user_id = 'ben'",
    "SELECT set_config('app.user_id', 'ben', true)",
    "RESET app.user_id",
    "RESET ALL",
    "DEALLOCATE ALL",
]
# What they change is no setting of a scope: the statements that follow are refused.
REFUSED = ["SET LOCAL ROLE pg_monitor", "SET LOCAL row_security = off"]


async def _notes(superuser: Any) -> list[tuple[str, str]]:
    """Whose notes there are, and what was written, past the policies."""
    rows = await superuser.note.find_many(order={"id": "asc"})
    return [(row.text, row.mood) for row in rows]


_BEFORE = [("ada1", "CALM"), ("ada2", "CALM"), ("ben1", "CALM"), ("ben2", "CALM")]
_CROSS = [("ada1", "CROSS"), ("ada2", "CROSS"), *_BEFORE[2:]]


@pytest.mark.parametrize("sql", CHANGES)
async def test_a_raw_statement_changes_the_user(
    db: Any, superuser: Any, mode: str, sql: str
) -> None:
    """What follows it, of models and raw, changes and makes notes of the batch's own user."""
    with as_user("ada"):
        async with db.batch_() as batch:
            batch.note.update_many(where={}, data={"moods": ["CALM"]})
            batch.execute_raw(sql)
            batch.note.update_many(where={}, data={"mood": "CROSS"})
            batch.execute_raw(sql)
            batch.execute_raw("""UPDATE "Note" SET text = text || '!'""")
            batch.execute_raw(sql)
            batch.note.create(data={"owner": "ada", "text": "new"})
            batch.note.create_many(data=[{"owner": "ada", "text": "many"}])
    ada = [("ada1!", "CROSS"), ("ada2!", "CROSS"), ("new", "CALM"), ("many", "CALM")]
    assert sorted(await _notes(superuser)) == sorted(ada + _BEFORE[2:])
    if mode == "true" or sql not in IN_THE_SESSION:
        await assert_nothing_leaks(db)


@pytest.mark.parametrize("sql", CHANGES)
async def test_inside_of_a_transaction(db: Any, superuser: Any, mode: str, sql: str) -> None:
    """A batch of a transaction's client has the scope in which it is sent."""
    async with db.tx() as tx:
        with as_user("ada"):
            async with tx.batch_() as batch:
                batch.execute_raw(sql)
                batch.note.update_many(where={}, data={"mood": "CROSS"})
        with as_user("ben"):
            assert await owners(tx) == ["ben"]
    assert sorted(await _notes(superuser)) == _CROSS
    if mode == "true" or sql not in IN_THE_SESSION:
        await assert_nothing_leaks(db)


@pytest.mark.parametrize("sql", REFUSED)
async def test_other_settings_stay(
    db: Any, superuser: Any, prisma: Any, url: str, sql: str
) -> None:
    """A role or another setting that a batch takes is its own, to its end and no further."""
    role = url.partition("//")[2].partition(":")[0]
    await superuser.execute_raw(f"GRANT pg_monitor TO {role}")
    with as_user("ada"):
        with pytest.raises(prisma.errors.PrismaError):
            async with db.batch_() as batch:
                batch.execute_raw(sql)
                batch.note.update_many(where={}, data={"mood": "CROSS"})
        assert await owners(db) == ["ada"]
    assert await _notes(superuser) == _BEFORE
    await assert_nothing_leaks(db)


async def test_what_must_come_first(db: Any, superuser: Any) -> None:
    """A batch may begin with its isolation; the scope's settings follow."""
    with as_user("ada"):
        async with db.batch_() as batch:
            batch.execute_raw("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            batch.execute_raw(
                """UPDATE "Note" SET text = text || current_setting('transaction_isolation')"""
            )
    texts = [text for text, _mood in sorted(await _notes(superuser))]
    assert texts == ["ada1serializable", "ada2serializable", "ben1", "ben2"]
    await assert_nothing_leaks(db)


async def test_without_a_scope(single: Any, superuser: Any) -> None:
    """What a batch sets for itself holds in it also without a scope, and ends with it."""
    async with single.batch_() as batch:
        batch.execute_raw("SET LOCAL app.other = 'x'")
        batch.execute_raw("SELECT set_config('app.third', current_setting('app.other'), false)")
    await assert_nothing_leaks(single)
    assert await _notes(superuser) == _BEFORE
