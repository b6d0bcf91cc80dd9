"""Random filters, orders, pages and groups against a plain Python model of the data."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from conformance.examples import check
from conformance.python_model import ORDERS, ROWS, WHERE, holds, ordered, page


async def _store(db: Any, rows: list[dict[str, Any]]) -> None:
    await db.scalars.delete_many()
    await db.scalars.create_many(data=[{"id": n, **row} for n, row in enumerate(rows)])


async def test_filters(db: Any) -> None:
    """A filter finds the records that it describes, NULLs and negations included."""

    async def examine(rows: list[dict[str, Any]], filters: list[dict[str, Any]]) -> None:
        await _store(db, rows)
        for where in filters:
            found = await db.scalars.find_many(where=where, order={"id": "asc"})
            expected = [n for n, row in enumerate(rows) if holds(row, where) is True]
            assert [row.id for row in found] == expected, where
            assert await db.scalars.count(where=where) == len(expected)

    await check(examine, rows=ROWS, filters=st.lists(WHERE, min_size=1, max_size=6))


async def test_order_and_pages(db: Any) -> None:
    """Order, cursor, skip and take, forwards and backwards, in one relation and at the root."""

    async def examine(
        rows: list[dict[str, Any]],
        order: list[dict[str, str]],
        pages: list[tuple[int | None, int, int | None]],
    ) -> None:
        await _store(db, rows)
        stored = ordered([{"id": n, **row} for n, row in enumerate(rows)], order)
        for cursor, skip, take in pages:
            found = await db.scalars.find_many(
                order=order,
                skip=skip,
                take=take,
                cursor=None if cursor is None else {"id": cursor},
            )
            expected = page(stored, cursor, skip, take)
            assert [row.id for row in found] == [row["id"] for row in expected]

    one = st.tuples(
        st.none() | st.integers(0, 13), st.integers(0, 4), st.none() | st.integers(-5, 5)
    )
    pages = st.lists(one, min_size=1, max_size=6)
    await check(examine, rows=ROWS, order=ORDERS, pages=pages)


async def test_distinct(db: Any) -> None:
    """The first record of each combination of values, before skip and take."""

    async def examine(
        rows: list[dict[str, Any]],
        order: list[dict[str, str]],
        fields: list[str],
        skip: int,
        take: int,
    ) -> None:
        await _store(db, rows)
        firsts: dict[tuple[Any, ...], int] = {}
        for row in ordered([{"id": n, **row} for n, row in enumerate(rows)], order):
            firsts.setdefault(tuple(row[field] for field in fields), row["id"])
        found = await db.scalars.find_many(order=order, distinct=fields, skip=skip, take=take)
        assert [row.id for row in found] == [*firsts.values()][skip : skip + take]

    names = st.lists(
        st.sampled_from(["string", "int", "bool"]), min_size=1, max_size=2, unique=True
    )
    await check(
        examine,
        rows=ROWS,
        order=ORDERS,
        fields=names,
        skip=st.integers(0, 3),
        take=st.integers(1, 8),
    )


async def test_groups(db: Any) -> None:
    """Groups and what is true of them."""

    async def examine(rows: list[dict[str, Any]]) -> None:
        await _store(db, rows)
        groups: dict[Any, list[dict[str, Any]]] = {}
        for row in rows:
            groups.setdefault(row["bool"], []).append(row)
        found = await db.scalars.group_by(
            by=["bool"],
            count={"_all": True, "int": True},
            sum={"int": True},
            min={"int": True},
            max={"float": True},
        )
        assert len(found) == len(groups)
        for group in found:
            members = groups[group["bool"]]
            ints = [row["int"] for row in members if row["int"] is not None]
            floats = [row["float"] for row in members if row["float"] is not None]
            assert group["_count"] == {"_all": len(members), "int": len(ints)}
            assert group["_sum"]["int"] == (sum(ints) if ints else None)
            assert group["_min"]["int"] == min(ints, default=None)
            assert group["_max"]["float"] == max(floats, default=None)

    await check(examine, rows=ROWS)


async def test_pages_of_relations(db: Any) -> None:
    """Pages of related records, for each record on its own."""

    async def examine(counts: list[int], skip: int, take: int, descending: bool) -> None:
        await db.user.delete_many()
        for n, count in enumerate(counts):
            posts = {"create": [{"title": str(k), "views": k} for k in range(count)]}
            await db.user.create(data={"email": str(n), "posts": posts})
        way = "desc" if descending else "asc"
        include = {"posts": {"order_by": {"views": way}, "skip": skip, "take": take}}
        for user, count in zip(
            await db.user.find_many(order={"id": "asc"}, include=include), counts, strict=True
        ):
            everything = [*range(count)][:: -1 if descending else 1]
            expected = (
                everything[skip : skip + take]
                if take >= 0
                else everything[::-1][skip : skip - take][::-1]
            )
            assert [post.views for post in user.posts] == expected
        await db.post.delete_many()

    await check(
        examine,
        counts=st.lists(st.integers(0, 4), max_size=3),
        skip=st.integers(0, 3),
        take=st.integers(-4, 4),
        descending=st.booleans(),
    )


async def test_decimal_sums(db: Any) -> None:
    """Sums of decimals have every digit."""

    async def examine(numbers: list[Decimal]) -> None:
        await db.scalars.delete_many()
        await db.scalars.create_many(data=[{"dec": number} for number in numbers])
        (group,) = await db.scalars.group_by(by=["bool"], sum={"dec": True})
        assert Decimal(group["_sum"]["dec"]) == sum(numbers)

    small = st.decimals(
        allow_nan=False, allow_infinity=False, places=8, min_value=-(10**9), max_value=10**9
    )
    await check(examine, numbers=st.lists(small, min_size=1, max_size=5))
