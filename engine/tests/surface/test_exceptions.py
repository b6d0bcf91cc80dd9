"""What applications do with exceptions: catch, read, and construct them in tests."""

from datetime import timedelta
from typing import Any

import pytest

# As upstream's engine reports an error, and as applications build one in their own tests.
ANSWER = {
    "error": "...",
    "user_facing_error": {
        "is_panic": False,
        "message": "Unique constraint failed on the fields: (`email`)",
        "meta": {"target": ["email"]},
        "error_code": "P2002",
    },
}


async def test_every_error_is_a_prisma_error(db: Any, prisma: Any) -> None:
    """`except PrismaError` catches whatever a query raises; Python's own errors stay its own."""
    await db.user.create(data={"email": "a@b.c"})
    calls = {
        "UniqueViolationError": lambda: db.user.create(data={"email": "a@b.c"}),
        "ForeignKeyViolationError": lambda: db.post.create(data={"title": "t", "authorId": 99}),
        "RecordNotFoundError": lambda: db.user.find_unique_or_raise(where={"id": 99}),
        "FieldNotFoundError": lambda: db.user.find_many(where={"nothing": 1}),
        "MissingRequiredValueError": lambda: db.user.create(data={"name": "x"}),
        "RawQueryError": lambda: db.query_raw("SELECT * FROM nothing"),
    }
    for name, call in calls.items():
        with pytest.raises(prisma.errors.PrismaError) as caught:
            await call()
        assert type(caught.value) is getattr(prisma.errors, name)
        assert isinstance(caught.value, prisma.errors.DataError)


async def test_what_an_error_carries(db: Any, prisma: Any) -> None:
    """`code`, `meta`, `data` and the text are 5.17's."""
    await db.user.create(data={"email": "a@b.c"})
    with pytest.raises(prisma.errors.UniqueViolationError) as caught:
        await db.user.create(data={"email": "a@b.c"})
    error = caught.value
    assert error.code == "P2002"
    assert error.meta == {"target": ["email"]}
    assert str(error) == "Unique constraint failed on the fields: (`email`)"
    assert error.data["user_facing_error"]["error_code"] == "P2002"
    assert error.data["user_facing_error"]["is_panic"] is False


def test_errors_that_an_application_constructs(prisma: Any) -> None:
    """Tests of applications build errors as upstream's engine reports them."""
    error = prisma.errors.UniqueViolationError(ANSWER)
    assert (error.code, error.meta) == ("P2002", {"target": ["email"]})
    assert str(error) == "Unique constraint failed on the fields: (`email`)"
    assert str(prisma.errors.RecordNotFoundError(ANSWER, message="none")) == "none"
    assert prisma.errors.RawQueryError(ANSWER | {"user_facing_error": {"meta": {"code": "1"}}})
    assert isinstance(prisma.errors.ClientNotConnectedError(), prisma.errors.PrismaError)
    mismatch = prisma.engine.errors.MismatchedVersionsError(expected="a", got="b")
    assert (mismatch.expected, mismatch.got) == ("a", "b")


def test_answers_that_an_application_hands_to_upstreams_translation(prisma: Any) -> None:
    """`handle_response_errors` turns an answer into the exception of its code."""
    with pytest.raises(prisma.errors.UniqueViolationError):
        prisma.engine.utils.handle_response_errors(None, [ANSWER])


async def test_a_database_that_is_away(prisma: Any) -> None:
    """5.17: connect() raises EngineConnectionError, which applications retry."""
    client = prisma.Prisma(datasource={"url": "postgresql://nobody@127.0.0.1:1/none"})
    for _ in range(2):
        with pytest.raises(prisma.engine.errors.EngineConnectionError) as caught:
            await client.connect(timeout=timedelta(seconds=5))
        assert isinstance(caught.value, prisma.engine.errors.EngineError)
        assert isinstance(caught.value, prisma.errors.PrismaError)
    await client.disconnect()


async def test_transactions_that_expired(db: Any, prisma: Any) -> None:
    """A query after the transaction's timeout is a TransactionExpiredError, a TransactionError."""
    manager = db.tx(timeout=timedelta(milliseconds=50))
    tx = await manager.start()
    await db.query_raw("SELECT pg_sleep(0.2)::text")
    with pytest.raises(prisma.errors.TransactionExpiredError) as caught:
        await tx.user.count()
    assert isinstance(caught.value, prisma.errors.TransactionError)


async def test_a_transaction_that_was_not_started(db: Any, prisma: Any) -> None:
    """commit() and rollback() before start() are upstream's own error."""
    for end in (db.tx().commit, db.tx().rollback):
        with pytest.raises(prisma.errors.TransactionNotStartedError):
            await end()
