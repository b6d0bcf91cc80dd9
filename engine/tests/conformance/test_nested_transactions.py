"""`tx()` of a transaction's client: a part of the transaction that can be taken back alone."""

# ruff: noqa: PT012 - what raises is a block

import asyncio
from datetime import timedelta
from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("ignore:The current client is already in a transaction")


class _BoomError(Exception):
    """What a block raises to be taken back."""


async def _add(client: Any, *names: str) -> None:
    for name in names:
        await client.user.create(data={"email": name})


async def _found(client: Any) -> str:
    users = await client.user.find_many(order={"email": "asc"})
    return "".join(user.email for user in users)


async def test_what_is_kept(db: Any) -> None:
    """What the inner one did is seen at once, and kept when the outer one is committed."""
    async with db.tx() as tx:
        await _add(tx, "a")
        async with tx.tx() as inner:
            assert await _found(inner) == "a"
            await _add(inner, "b")
        assert await _found(tx) == "ab"
        assert await _found(db) == ""
        await _add(tx, "c")
    assert await _found(db) == "abc"


async def test_an_inner_rollback(db: Any) -> None:
    """It takes back what the inner one did, raw statements and batches too, and nothing else."""
    async with db.tx() as tx:
        await _add(tx, "a")
        with pytest.raises(_BoomError):
            async with tx.tx() as inner:
                await _add(inner, "b")
                await inner.execute_raw("""UPDATE "User" SET email = 'x' WHERE email = 'a'""")
                async with inner.batch_() as batch:
                    batch.user.create(data={"email": "c"})
                raise _BoomError
        await _add(tx, "d")
    assert await _found(db) == "ad"


async def test_an_outer_rollback(db: Any) -> None:
    """It takes back everything, whatever was committed inside."""
    with pytest.raises(_BoomError):
        async with db.tx() as tx:
            async with tx.tx() as inner:
                await _add(inner, "a")
            raise _BoomError
    assert await _found(db) == ""


async def test_going_on_after_an_error(db: Any, prisma: Any) -> None:
    """A statement that the database refuses ends the inner one alone."""
    async with db.tx() as tx:
        await _add(tx, "a")
        with pytest.raises(prisma.errors.UniqueViolationError):
            async with tx.tx() as inner:
                await _add(inner, "b", "a")
        await _add(tx, "c")
    assert await _found(db) == "ac"


async def test_committing_after_an_error(db: Any, prisma: Any) -> None:
    """Where the error was swallowed, the inner commit tells that nothing is left to commit."""
    async with db.tx() as tx:
        await _add(tx, "a")
        with pytest.raises(prisma.errors.TransactionError, match="rolled back, not committed"):
            async with tx.tx() as inner:
                with pytest.raises(prisma.errors.UniqueViolationError):
                    await _add(inner, "b", "a")
        assert await _found(tx) == "a"
    assert await _found(db) == "a"


async def test_three_levels(db: Any) -> None:
    """The middle one decides about the innermost, the outer one about both."""
    async with db.tx() as tx:
        await _add(tx, "a")
        with pytest.raises(_BoomError):
            async with tx.tx() as middle:
                await _add(middle, "b")
                async with middle.tx() as innermost:
                    await _add(innermost, "c")
                assert await _found(middle) == "abc"
                raise _BoomError
        async with tx.tx() as middle:
            await _add(middle, "d")
            with pytest.raises(_BoomError):
                async with middle.tx() as innermost:
                    await _add(innermost, "e")
                    raise _BoomError
    assert await _found(db) == "ad"


async def test_one_that_is_left_open(db: Any, prisma: Any) -> None:
    """What nobody committed is not kept by an outer commit, and its client is of no more use."""
    async with db.tx() as tx:
        await _add(tx, "a")
        inner = await tx.tx().start()
        await _add(inner, "b")
        innermost = await inner.tx().start()
        await _add(innermost, "c")
    assert await _found(db) == "a"
    for client in (inner, innermost):
        with pytest.raises(prisma.errors.TransactionExpiredError):
            await _add(client, "d")


async def test_the_outer_client_meanwhile(db: Any, prisma: Any) -> None:
    """Whoever began the inner one may not use the outer one until it is over, and is told so."""
    async with db.tx() as tx:
        async with tx.tx() as inner:
            await _add(inner, "a")
            with pytest.raises(prisma.errors.TransactionError, match="use that one's client"):
                await _add(tx, "b")
            with pytest.raises(prisma.errors.TransactionError, match="use that one's client"):
                await tx.tx().start()
        await _add(tx, "c")
    assert await _found(db) == "ac"


async def test_several_at_once(db: Any) -> None:
    """Others take their turns: neither loses what the other takes back."""

    async def inside(tx: Any, number: int) -> None:
        async with tx.tx() as inner:
            await _add(inner, str(number))
            await asyncio.sleep(0.01)
            if number % 2:
                raise _BoomError
            await _add(inner, "abcdefgh"[number])

    async def beside(tx: Any) -> None:
        await asyncio.sleep(0.005)
        await _add(tx, "z")

    async with db.tx(timeout=timedelta(seconds=30)) as tx:
        work = [inside(tx, number) for number in range(8)]
        results = await asyncio.gather(*work, beside(tx), return_exceptions=True)
    assert [type(result) for result in results] == [type(None), _BoomError] * 4 + [type(None)]
    assert await _found(db) == "0246acegz"


async def test_one_connection(prisma: Any, url: str, db: Any) -> None:
    """It takes no other connection, so it waits for none, nor for locks of the outer one."""
    client = prisma.Prisma(datasource={"url": f"{url}?connection_limit=1"})
    async with client, client.tx() as tx:
        await _add(tx, "a")
        async with tx.tx() as inner:
            await inner.user.update(where={"email": "a"}, data={"email": "b"})
    assert await _found(db) == "b"


async def test_its_own_limit(db: Any, prisma: Any) -> None:
    """It ends the inner one, with the statement that is running; the outer one goes on."""
    async with db.tx(timeout=timedelta(seconds=60)) as tx:
        await _add(tx, "a")
        for query in ("SELECT pg_sleep(600)::text", "SELECT 1"):
            with pytest.raises(prisma.errors.TransactionExpiredError, match="was 300 ms, however"):
                async with tx.tx(timeout=timedelta(milliseconds=300)) as inner:
                    await _add(inner, "b")
                    await asyncio.sleep(0 if "sleep" in query else 0.5)
                    await inner.query_raw(query)
        await _add(tx, "c")
    assert await _found(db) == "ac"


async def test_the_outer_limit(db: Any, prisma: Any) -> None:
    """It ends everything that is inside."""
    with pytest.raises(prisma.errors.TransactionExpiredError):
        async with db.tx(timeout=timedelta(seconds=0.4)) as tx:
            await _add(tx, "a")
            async with tx.tx(timeout=timedelta(seconds=60)) as inner:
                await _add(inner, "b")
                await inner.query_raw("SELECT pg_sleep(600)::text")
    assert await _found(db) == ""


async def test_a_limit_of_the_callers(db: Any) -> None:
    """Breaking off the inner one leaves the outer one as it was."""
    async with db.tx(timeout=timedelta(seconds=60)) as tx:
        await _add(tx, "a")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), tx.tx() as inner:
                await _add(inner, "b")
                await inner.query_raw("SELECT pg_sleep(600)::text")
        await _add(tx, "c")
    assert await _found(db) == "ac"


async def test_waiting_too_long(db: Any, prisma: Any) -> None:
    """`max_wait` holds for the turn that another task does not give away."""
    begun, is_over = asyncio.Event(), asyncio.Event()

    async def hold(tx: Any) -> None:
        async with tx.tx(timeout=timedelta(seconds=30)) as inner:
            await _add(inner, "a")
            begun.set()
            await is_over.wait()

    async with db.tx(timeout=timedelta(seconds=60)) as tx:
        holding = asyncio.create_task(hold(tx))
        await begun.wait()
        with pytest.raises(prisma.errors.TransactionError, match="Unable to start a transaction"):
            await tx.tx(max_wait=timedelta(seconds=0.2)).start()
        is_over.set()
        await holding
    assert await _found(db) == "a"


async def test_after_the_outer_one(db: Any, prisma: Any) -> None:
    """Nothing begins inside of a transaction that is over."""
    async with db.tx() as tx:
        pass
    with pytest.raises(prisma.errors.TransactionExpiredError, match="already closed"):
        await tx.tx().start()
