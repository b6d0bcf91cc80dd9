"""The extensions of a synchronous client, which are those of an asyncio client."""

from collections.abc import Iterator
from typing import Any, TypedDict

import pytest


class Counts(TypedDict):
    entries: int


class Summary(TypedDict):
    owner: str
    _count: Counts


@pytest.fixture
def db(sync_prisma: Any, url: str) -> Iterator[Any]:
    """A connected synchronous client."""
    client = sync_prisma.Prisma(datasource={"url": url})
    client.connect()
    yield client
    client.disconnect()


def test_figures(db: Any) -> None:
    """aggregate, in a transaction, too."""
    db.account.create_many([{"owner": "ann", "balance": 3}, {"owner": "ben", "balance": 4}])
    with db.tx() as tx:
        tx.account.create({"owner": "cid"})
        assert tx.account.aggregate(sum={"balance": True}, count=True) == {
            "_sum": {"balance": 7},
            "_count": {"_all": 3},
        }


def test_written_records(db: Any) -> None:
    """create_many_and_return and update_many_and_return."""
    created = db.account.create_many_and_return([{"owner": "ann"}, {"owner": "ben"}])
    assert [account.owner for account in created] == ["ann", "ben"]
    (updated,) = db.account.update_many_and_return({"balance": 5}, {"owner": "ben"})
    assert (updated.owner, updated.balance) == ("ben", 5)


def test_orders_and_nested_creates(db: Any) -> None:
    """Orders by relations, and nested create_many."""
    for owner, amounts in (("ann", [1]), ("ben", [2, 3])):
        db.account.create(
            {
                "owner": owner,
                "entries": {"create_many": {"data": [{"amount": amount} for amount in amounts]}},
            }
        )
    owners = [one.owner for one in db.account.find_many(order={"entries": {"_count": "desc"}})]
    assert owners == ["ben", "ann"]
    entries = db.entry.find_many(order=[{"account": {"owner": "desc"}}, {"amount": "asc"}])
    assert [entry.amount for entry in entries] == [2, 3, 1]


def test_select(db: Any) -> None:
    """select, with the number of related records."""
    db.account.create({"owner": "ann", "entries": {"create": [{"amount": 1}, {"amount": 2}]}})
    select = db.account.select(Summary)
    expected = {"owner": "ann", "_count": {"entries": 2}}
    assert select.find_many() == [expected]
    assert select.find_unique({"owner": "ann"}) == expected
    assert select.find_first(order={"owner": "asc"}) == expected
    assert select.find_unique_or_raise({"owner": "ann"}) == expected
    assert select.find_first_or_raise(
        include={"_count": {"entries": {"where": {"amount": 2}}}}
    ) == {
        "owner": "ann",
        "_count": {"entries": 1},
    }
    assert select.find_unique({"owner": "ben"}) is None


def test_reads_in_a_batch(db: Any) -> None:
    """Reads in a batch have their results after it."""
    with db.batch_() as batch:
        batch.account.create({"owner": "ann"})
        number = batch.account.count()
        accounts = batch.account.find_many()
    assert number.result() == 1
    assert [account.owner for account in accounts.result()] == ["ann"]
