"""aggregate: figures of all records that a filter finds."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from prisma_wasm import scoped

from .people import team_of_four

_MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


async def test_all_figures(db: Any) -> None:
    """The answer has what was asked for, and nothing else."""
    await team_of_four(db)
    answer = await db.user.aggregate(
        count=True,
        avg={"age": True, "points": True},
        sum={"age": True},
        min={"name": True},
        max={"email": True, "age": True},
    )

    assert answer == {
        "_count": {"_all": 4},
        "_avg": {"age": 28.0, "points": 2.125},
        "_sum": {"age": 84},
        "_min": {"name": "Ada"},
        "_max": {"email": "dot@example.com", "age": 36},
    }


async def test_counts_of_fields(db: Any) -> None:
    """A field's count is that of its values other than NULL."""
    await team_of_four(db)
    answer = await db.user.aggregate(count={"_all": True, "age": True, "name": True, "id": False})

    assert answer == {"_count": {"_all": 4, "age": 3, "name": 3}}


async def test_filter_order_and_page(db: Any) -> None:
    """Only the records of the page count: filter, order, cursor, skip and take work as in reads."""
    made = await team_of_four(db)
    of_math = await db.user.aggregate(where={"tags": {"has": "math"}}, sum={"age": True})
    oldest = await db.user.aggregate(
        where={"age": {"not": None}}, order={"age": "desc"}, take=2, sum={"age": True}
    )
    after_ada = await db.user.aggregate(
        cursor={"id": made["ada"].id}, order={"id": "asc"}, skip=1, count=True
    )
    by_relation = await db.post.aggregate(
        where={"author": {"is": {"name": "Ada"}}},
        order=[{"author": {"email": "asc"}}, {"views": "asc"}],
        take=1,
        sum={"views": True},
    )

    assert of_math == {"_sum": {"age": 60}}
    assert oldest == {"_sum": {"age": 60}}
    assert after_ada == {"_count": {"_all": 3}}
    assert by_relation == {"_sum": {"views": 5}}


async def test_nothing_found(db: Any) -> None:
    """Figures of no records are None, their count is 0."""
    answer = await db.user.aggregate(
        count=True, avg={"age": True}, sum={"age": True}, min={"createdAt": True}
    )

    assert answer == {
        "_count": {"_all": 0},
        "_avg": {"age": None},
        "_sum": {"age": None},
        "_min": {"createdAt": None},
    }


async def test_types_of_values(db: Any) -> None:
    """Values have the types of the model's fields, unlike the texts of group_by."""
    for big, dec in ((2**53 + 1, "0.10"), (2**60, "2.25")):
        await db.scalars.create(
            data={"big": big, "dec": Decimal(dec), "float": 0.1, "moment": _MOMENT, "role": "GUEST"}
        )
    fields = {"big": True, "dec": True, "float": True}
    answer = await db.scalars.aggregate(
        sum=fields, avg={"dec": True}, max={**fields, "moment": True, "role": True}
    )

    assert answer == {
        "_sum": {"big": 2**60 + 2**53 + 1, "dec": Decimal("2.35"), "float": 0.2},
        "_avg": {"dec": Decimal("1.175")},
        "_max": {
            "big": 2**60,
            "dec": Decimal("2.25"),
            "float": 0.1,
            "moment": _MOMENT,
            "role": "GUEST",
        },
    }
    assert isinstance(answer["_sum"]["dec"], Decimal)
    assert answer["_max"]["moment"].tzinfo is UTC


async def test_mistakes(db: Any, prisma: Any) -> None:
    """Unknown fields are named, and a query without a figure says what to ask for."""
    with pytest.raises(prisma.errors.FieldNotFoundError, match="nothing"):
        await db.user.aggregate(sum={"nothing": True})
    with pytest.raises(prisma.errors.FieldNotFoundError, match="email"):
        await db.user.aggregate(sum={"email": True})
    with pytest.raises(prisma.errors.FieldNotFoundError, match="nothing"):
        await db.user.aggregate(count=True, where={"nothing": 1})
    with pytest.raises(TypeError, match="at least one figure"):
        await db.user.aggregate(where={"age": 3})
    with pytest.raises(TypeError, match="at least one figure"):
        await db.user.aggregate(count={"age": False})


async def test_in_a_transaction_and_a_scope(db: Any) -> None:
    """A transaction's aggregate sees what it wrote, and a scope's settings hold for it."""
    async with db.tx() as tx:
        await tx.user.create(data={"email": "a", "age": 3})
        with scoped({"app.user_id": "1"}):
            assert await tx.user.aggregate(sum={"age": True}) == {"_sum": {"age": 3}}


async def test_one_statement(db: Any, prisma: Any) -> None:
    """All figures come of one statement that reads no records."""
    await team_of_four(db)
    before = (await db.get_metrics()).counters
    await db.user.aggregate(count=True, sum={"age": True}, max={"email": True})
    after = (await db.get_metrics()).counters

    name = "prisma_datasource_queries_total"
    counts = [next(item.value for item in side if item.key == name) for side in (before, after)]
    assert counts[1] - counts[0] == 1


async def test_partial_types_and_registered_models(db: Any, prisma: Any) -> None:
    """A model's own actions have the method, too."""
    await team_of_four(db)
    answer = await prisma.models.User.prisma(db).aggregate(count=True)

    assert answer["_count"]["_all"] == 4
