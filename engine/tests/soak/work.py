"""What the workers do: they move money between accounts, in every way that a client has.

Whatever fails, is cancelled or runs out of time, the sum over all accounts stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

ACCOUNTS: Final = 20
BALANCE: Final = 1000

Action = Callable[[Any, random.Random], Coroutine[Any, Any, Any]]

# What a client may say while its server is cut off, overloaded or restarted.
_EXPECTED: Final = frozenset(
    {"P1001", "P1008", "P1017", "P2024", "P2028", "P2034", "57014", "40P01", "40001", "55P03"}
)


class _ChangedMindError(Exception):
    """What a block in a transaction raises to take it back."""


def _limits(rng: random.Random) -> dict[str, timedelta]:
    return {
        "max_wait": timedelta(seconds=rng.uniform(0.5, 3)),
        "timeout": timedelta(seconds=rng.uniform(0.05, 3)),
    }


def _pair(rng: random.Random) -> tuple[str, str]:
    giver, taker = rng.sample(range(ACCOUNTS), 2)
    return str(giver), str(taker)


async def _move(db: Any, owner: str, amount: int) -> None:
    await db.account.update(where={"owner": owner}, data={"balance": {"increment": amount}})


async def _transfer(db: Any, rng: random.Random) -> None:
    giver, taker = _pair(rng)
    async with db.tx(**_limits(rng)) as tx:
        await _move(tx, giver, -7)
        if rng.random() < 0.3:
            await asyncio.sleep(rng.uniform(0, 0.1))
        await _move(tx, taker, 7)


async def _transfer_by_batch(db: Any, rng: random.Random) -> None:
    giver, taker = _pair(rng)
    async with db.batch_() as batch:
        batch.account.update_many(where={"owner": giver}, data={"balance": {"decrement": 3}})
        batch.account.update_many(where={"owner": taker}, data={"balance": {"increment": 3}})


async def _transfer_raw(db: Any, rng: random.Random) -> None:
    giver, taker = _pair(rng)
    statement = 'UPDATE "Account" SET balance = balance + $1 WHERE owner = $2'
    async with db.tx(**_limits(rng)) as tx:
        await asyncio.gather(
            tx.execute_raw(statement, -5, giver), tx.execute_raw(statement, 5, taker)
        )


async def _transfer_in_one(db: Any, rng: random.Random) -> None:
    giver, taker = _pair(rng)
    await db.query_raw(
        'UPDATE "Account" SET balance = balance + CASE owner WHEN $1 THEN -1 ELSE 1 END'
        " WHERE owner IN ($1, $2) RETURNING id",
        giver,
        taker,
    )


async def _transfer_taken_back(db: Any, rng: random.Random) -> None:
    with contextlib.suppress(_ChangedMindError):
        async with db.tx(**_limits(rng)) as tx:
            await _move(tx, _pair(rng)[0], -100)
            raise _ChangedMindError


async def _transfer_too_slow(db: Any, rng: random.Random) -> None:
    giver, taker = _pair(rng)
    async with db.tx(timeout=timedelta(seconds=rng.uniform(0.02, 0.3))) as tx:
        await _move(tx, giver, -100)
        await tx.query_raw(f"SELECT pg_sleep({rng.uniform(0.1, 0.5)})::text")
        await asyncio.sleep(rng.uniform(0, 0.2))
        await _move(tx, taker, 100)


async def _transfer_in_steps(db: Any, rng: random.Random) -> None:
    giver, taker = _pair(rng)
    async with db.tx(**_limits(rng)) as tx:
        await _move(tx, giver, -11)
        with contextlib.suppress(_ChangedMindError, TimeoutError):
            async with asyncio.timeout(rng.choice([None, 0.05])), tx.tx() as inner:
                await _move(inner, taker, 100)
                await asyncio.sleep(rng.uniform(0, 0.1))
                raise _ChangedMindError
        async with tx.tx() as inner:
            await _move(inner, taker, 11)


async def _left_open(db: Any, rng: random.Random) -> None:
    tx = await db.tx(timeout=timedelta(seconds=0.2)).start()
    await _move(tx, _pair(rng)[0], -100)


async def _reads(db: Any, rng: random.Random) -> None:
    where = {"balance": {"gte": rng.randrange(2000)}, "owner": {"not": str(rng.randrange(9))}}
    await db.account.find_many(where=where, include={"entries": {"take": 3}}, take=5)
    await db.account.group_by(by=["kind"], count=True, sum={"balance": True})
    await db.query_raw('SELECT * FROM "Account" WHERE owner = ANY($1)', [str(rng.randrange(9))])


async def _entries(db: Any, rng: random.Random) -> None:
    account = await db.account.find_unique(where={"owner": _pair(rng)[0]})
    rows = [{"amount": n, "accountId": account.id} for n in range(rng.choice([1, 20, 1500]))]
    await db.entry.create_many(data=rows)
    await db.account.update(
        where={"id": account.id}, data={"entries": {"create": [{"amount": 1}, {"amount": 2}]}}
    )
    await db.entry.delete_many(where={"accountId": account.id})


async def _mistakes(db: Any, rng: random.Random) -> None:
    await rng.choice(
        [
            lambda: db.account.create(data={"owner": "0"}),
            lambda: db.query_raw("SELECT 1 / 0"),
            lambda: db.account.find_first(where={"owner": "\ud800"}),
            lambda: db.execute_raw("BEGIN"),
        ]
    )()


ACTIONS: Final[list[Action]] = [
    _transfer, _transfer, _transfer_by_batch, _transfer_raw, _transfer_in_one,
    _transfer_taken_back, _transfer_in_steps, _transfer_too_slow, _left_open, _reads, _entries,
    _mistakes,
]  # fmt: skip


def is_expected(error: Exception, errors: Any, action: Action) -> bool:
    """Whether this may happen while servers and networks fail."""
    if isinstance(error, TimeoutError | errors.TransactionError):
        return True
    if action is _mistakes:
        return isinstance(error, errors.PrismaError)
    code = getattr(error, "code", None)
    if code == "P2010":
        code = getattr(error, "meta", {}).get("code")
    return code in _EXPECTED or (code is None and any(c in str(error) for c in _EXPECTED))


async def worker(
    db: Any, errors: Any, rng: random.Random, is_over: asyncio.Event, told: Counter[str]
) -> None:
    """Do one thing after the other, and give some up at a random moment."""
    while not is_over.is_set():
        action = rng.choice(ACTIONS)
        limit = rng.choice([None, None, rng.uniform(0, 0.02), rng.uniform(0, 0.5)])
        try:
            async with asyncio.timeout(limit):
                await action(db, rng)
            told["done"] += 1
        except Exception as error:
            if not is_expected(error, errors, action):
                error.add_note(f"in {action.__name__}")
                raise
            told[getattr(error, "code", None) or type(error).__name__] += 1
            await asyncio.sleep(rng.uniform(0, 0.05))
