"""Views with @id, @@id and @@index: to Prisma 5.17 they were models, and all queries worked."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fix_client import GenerateClient, Generated
from fix_server import DatabaseServer

VIEWS = """
CREATE VIEW "Score" AS
  SELECT id AS "customerId", name, length(name) AS length FROM "Customer";
CREATE VIEW daily_total AS
  SELECT id AS "customerId", DATE '2026-01-01' + n AS day, (id * 100 + n)::bigint AS amount,
    (CASE WHEN n = 0 THEN '} /* large */' ELSE 'SMALL' END)::"Kind" AS kind
  FROM "Customer", generate_series(0, 2) AS n;
CREATE VIEW "Person" AS SELECT id, name FROM "Customer";
"""
FIRST = datetime(2026, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture(loop_scope="session")
async def shop(
    generate_client: GenerateClient,
    database_of: Callable[[Generated], str],
    server: DatabaseServer,
) -> AsyncIterator[Any]:
    """A connected client with two customers, of whom the views tell."""
    generated = generate_client(Path(__file__).parent / "views.prisma")
    url = database_of(generated)
    server.execute(VIEWS, url.rpartition("/")[2])
    client = generated.package.Prisma(datasource={"url": url})
    await client.connect()
    await client.customer.create_many(data=[{"name": "Ann"}, {"name": "Bernard"}])
    yield client
    await client.disconnect()


async def test_single_records(shop: Any) -> None:
    """A record is found by an id, a unique field and a compound key."""
    ann = await shop.score.find_unique(where={"customerId": 1}, include={"customer": True})
    assert (ann.name, ann.length, ann.customer.id) == ("Ann", 3, 1)
    assert (await shop.score.find_unique_or_raise(where={"name": "Bernard"})).customerId == 2
    key = {"customerId": 2, "day": FIRST}
    total = await shop.total.find_unique(where={"ofDay": key}, include={"customer": True})
    assert (total.amount, total.kind, total.customer.name) == (200, "LARGE", "Bernard")
    other = await shop.total.find_unique(where={"day_amount": {"day": FIRST, "amount": 100}})
    assert other.customerId == 1


async def test_lists(shop: Any) -> None:
    """Filters, orders, cursors, groups, counts and relations in both directions work."""
    found = await shop.total.find_many(
        cursor={"ofDay": {"customerId": 1, "day": datetime(2026, 1, 2, tzinfo=UTC)}},
        order=[{"customerId": "asc"}, {"day": "asc"}],
        take=3,
    )
    assert [total.amount for total in found] == [101, 102, 200]
    assert await shop.total.count(where={"kind": "SMALL"}) == 4
    groups = await shop.total.group_by(["kind"], count=True, order={"kind": "asc"})
    assert [(group["kind"], group["_count"]["_all"]) for group in groups] == [
        ("LARGE", 2),
        ("SMALL", 4),
    ]
    customers = await shop.customer.find_many(
        where={"score": {"is": {"length": {"gt": 3}}}},
        include={"score": True, "totals": {"order_by": {"day": "desc"}}},
    )
    assert [customer.name for customer in customers] == ["Bernard"]
    assert customers[0].score.length == 7
    assert [total.amount for total in customers[0].totals] == [202, 201, 200]


async def test_writes(shop: Any) -> None:
    """What PostgreSQL writes through a view can be written; for others it gives its own error."""
    person = await shop.person.create(data={"id": 9, "name": "Carl"})
    assert person.name == "Carl"
    changed = await shop.person.update(where={"id": 9}, data={"name": "Carla"})
    assert changed is not None
    assert changed.name == "Carla"
    upserted = await shop.person.upsert(
        where={"id": 9}, data={"create": {"name": "x"}, "update": {"name": "Carl"}}
    )
    assert upserted.name == (await shop.customer.find_unique(where={"id": 9})).name == "Carl"
    assert (await shop.person.delete(where={"id": 9})).name == "Carl"
    assert await shop.customer.count() == 2
    with pytest.raises(Exception, match=r"cannot (delete from|update) view"):
        await shop.total.delete_many()
