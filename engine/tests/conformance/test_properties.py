"""Random values there and back, and random queries against a plain Python model of the data."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cmp_to_key
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_SETTINGS = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30)
_MOMENTS = st.datetimes(
    datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59), timezones=st.just(UTC)
)
_DECIMALS = st.decimals(
    allow_nan=False, allow_infinity=False, places=30, min_value=-(10**30), max_value=10**30
)
_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    # Greater ones are whole numbers to jsonb, with the digits of their shortest text.
    | st.floats(-(2.0**50), 2.0**50)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4),
    max_leaves=12,
)
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "string": _TEXT,
    "bool": st.booleans(),
    "int": st.integers(-(2**31), 2**31 - 1),
    "big": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "dec": _DECIMALS,
    "blob": st.binary(max_size=40),
    "doc": _JSON,
    "role": st.sampled_from(["USER", "ADMIN", "GUEST"]),
}


async def check(examine: Callable[..., Awaitable[None]], **drawn: Any) -> None:
    """Try examples, drawn in a thread: Hypothesis calls plain functions, the client has a loop."""
    loop = asyncio.get_running_loop()

    @_SETTINGS
    @given(**drawn)
    def example(**values: Any) -> None:
        asyncio.run_coroutine_threadsafe(examine(**values), loop).result(20)

    await asyncio.to_thread(example)


def _given(prisma: Any, field: str, value: Any) -> Any:
    if field == "doc":
        return prisma.Json(value)
    return prisma.Base64.encode(value) if field == "blob" else value


@pytest.mark.parametrize("field", _FIELDS)
async def test_values(db: Any, prisma: Any, field: str) -> None:
    """Any value of a type comes back from every kind of write, and is found again."""

    async def examine(value: Any) -> None:
        data = {field: _given(prisma, field, value)}
        created = await db.scalars.create(data=data)
        changed = await db.scalars.create(data={})
        changed = await db.scalars.update(where={"id": changed.id}, data=data)
        await db.scalars.create_many(data=[data])
        found = await db.scalars.find_many(where={field: {"equals": data[field]}})
        assert len(found) == 3
        for row in (created, changed, *found):
            answer = getattr(row, field)
            assert (answer.decode() if field == "blob" else answer) == value
            assert field == "doc" or type(answer) is type(data[field])
        await db.scalars.delete_many()

    await check(examine, value=_FIELDS[field])


@pytest.mark.parametrize("field", ["tz", "plainTs"])
async def test_moments(db: Any, field: str) -> None:
    """Any microsecond between the years 1 and 9999."""

    async def examine(moment: datetime) -> None:
        row = await db.native.create(data={field: moment})
        assert getattr(row, field) == moment
        assert await db.native.count(where={field: moment}) == 1
        assert await db.native.count(where={field: {"lt": moment}}) == 0
        await db.native.delete_many()

    await check(examine, moment=_MOMENTS)


@pytest.mark.parametrize(
    ("field", "items"),
    [
        ("strings", _TEXT),
        ("bools", st.booleans()),
        ("ints", _FIELDS["int"]),
        ("bigs", _FIELDS["big"]),
        ("floats", _FIELDS["float"]),
        ("decimals", _DECIMALS),
        ("tzs", _MOMENTS),
        ("jsons", _JSON),
        ("bytess", _FIELDS["blob"]),
    ],
)
async def test_lists(
    db: Any, prisma: Any, field: str, items: st.SearchStrategy[Any]
) -> None:
    """Lists of any values, in any order."""
    kind = {"jsons": "doc", "bytess": "blob"}.get(field, "")

    async def examine(values: list[Any]) -> None:
        data = {field: [_given(prisma, kind, value) for value in values]}
        created = await db.lists.create(data=data)
        found = await db.lists.find_first(where={field: {"equals": data[field]}})
        for row in (created, found):
            answer = getattr(row, field)
            assert ([one.decode() for one in answer] if kind == "blob" else answer) == values
        await db.lists.delete_many()

    await check(examine, values=st.lists(items, max_size=6))


@pytest.mark.parametrize("cast", ["int8", "float8", "text", "numeric", "jsonb", "timestamptz"])
async def test_raw_parameters(db: Any, prisma: Any, cast: str) -> None:
    """Any parameter of a raw query comes back as what it was."""
    drawn = {
        "int8": _FIELDS["big"],
        "float8": _FIELDS["float"],
        "text": _TEXT,
        "numeric": st.decimals(allow_nan=False, allow_infinity=False, places=5, max_value=10**9),
        "jsonb": _JSON,
        "timestamptz": st.datetimes(datetime(1, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)),
    }[cast]

    async def examine(value: Any) -> None:
        given_value = prisma.Json(value) if cast == "jsonb" else value
        row = await db.query_first(f"SELECT $1::{cast} AS v", given_value)
        match cast:
            case "numeric":
                assert row["v"] == float(value)
            case "timestamptz":
                assert abs(datetime.fromisoformat(row["v"]) - value) < timedelta(milliseconds=1)
            case _:
                assert row["v"] == value

    await check(examine, value=drawn)


# Queries against a model: a list of dicts.

_WORDS = ["", "a", "A", "ab", "Ba", "b", "ü", "%", "a_b"]
_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "string": st.none() | st.sampled_from(_WORDS),
            "int": st.none() | st.integers(-3, 3),
            "float": st.none() | st.sampled_from([-1.5, 0.0, 0.5, 2.0]),
            "bool": st.none() | st.booleans(),
        }
    ),
    max_size=12,
)
_NUMBERS: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-3, 3),
    "float": st.sampled_from([-1.5, 0.0, 0.5, 2.0]),
}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda stored, value: stored == value,
    "not": lambda stored, value: stored != value,
    "lt": lambda stored, value: stored < value,
    "lte": lambda stored, value: stored <= value,
    "gt": lambda stored, value: stored > value,
    "gte": lambda stored, value: stored >= value,
    "in": lambda stored, value: stored in value,
    "not_in": lambda stored, value: stored not in value,
    "startswith": lambda stored, value: stored.startswith(value),
    "endswith": lambda stored, value: stored.endswith(value),
    "contains": lambda stored, value: value in stored,
}


def _conditions() -> st.SearchStrategy[dict[str, Any]]:
    numbers = st.sampled_from(sorted(_NUMBERS)).flatmap(
        lambda field: st.builds(
            lambda operation, one, many: {
                field: {operation: many if operation in ("in", "not_in") else one}
            },
            st.sampled_from(["equals", "not", "lt", "lte", "gt", "gte", "in", "not_in"]),
            _NUMBERS[field],
            st.lists(_NUMBERS[field], max_size=3),
        )
    )
    texts = st.builds(
        lambda operation, word: {"string": {operation: word}},
        st.sampled_from(["equals", "not", "startswith", "endswith", "contains"]),
        # Without the wildcards, which LIKE would read.
        st.sampled_from([word for word in _WORDS if not set(word) & {"%", "_"}]),
    )
    nulls = st.builds(
        lambda field, negated: {field: {"not": None} if negated else None},
        st.sampled_from(["string", "int", "float", "bool"]),
        st.booleans(),
    )
    truths = st.builds(lambda value: {"bool": value}, st.booleans())
    return numbers | texts | nulls | truths


_WHERE = st.recursive(
    _conditions(),
    lambda inner: st.builds(
        lambda word, parts: {word: parts},
        st.sampled_from(["AND", "OR", "NOT"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


def _holds(row: dict[str, Any], where: dict[str, Any]) -> bool | None:
    """Three-valued, as in SQL: None is unknown."""
    return _all(_one(row, name, condition) for name, condition in where.items())


def _all(truths: Any) -> bool | None:
    answers = list(truths)
    return False if False in answers else None if None in answers else True


def _one(row: dict[str, Any], name: str, condition: Any) -> bool | None:
    match name:
        case "AND":
            return _all(_holds(row, part) for part in condition)
        case "OR":
            answers = [_holds(row, part) for part in condition]
            return True if True in answers else None if None in answers else False
        case "NOT":
            answers = [_holds(row, part) for part in condition]
            return _all(None if answer is None else not answer for answer in answers)
        case _:
            return _compared(row[name], condition)


def _compared(stored: Any, condition: Any) -> bool | None:
    if condition is None:
        return stored is None
    if not isinstance(condition, dict):
        return None if stored is None else stored == condition
    ((operation, value),) = condition.items()
    if value is None:
        return stored is not None
    if operation == "in" and not value:
        return False
    if operation == "not_in" and not value:
        return True
    return None if stored is None else _COMPARE[operation](stored, value)


async def _store(db: Any, rows: list[dict[str, Any]]) -> None:
    await db.scalars.delete_many()
    await db.scalars.create_many(data=[{"id": n, **row} for n, row in enumerate(rows)])


async def test_filters(db: Any) -> None:
    """A filter finds the records that it describes, NULLs and negations included."""

    async def examine(rows: list[dict[str, Any]], filters: list[dict[str, Any]]) -> None:
        await _store(db, rows)
        for where in filters:
            found = await db.scalars.find_many(where=where, order={"id": "asc"})
            expected = [n for n, row in enumerate(rows) if _holds(row, where) is True]
            assert [row.id for row in found] == expected, where
            assert await db.scalars.count(where=where) == len(expected)

    await check(examine, rows=_ROWS, filters=st.lists(_WHERE, min_size=1, max_size=6))


_ORDERS = st.lists(
    st.tuples(st.sampled_from(["int", "float", "bool"]), st.sampled_from(["asc", "desc"])),
    max_size=3,
    unique_by=lambda entry: entry[0],
).map(lambda entries: [{field: way} for field, way in entries] + [{"id": "asc"}])


def _ordered(rows: list[dict[str, Any]], order: list[dict[str, str]]) -> list[dict[str, Any]]:
    def compare(left: dict[str, Any], right: dict[str, Any]) -> int:
        for entry in order:
            ((field, way),) = entry.items()
            one, other = (
                math.inf if row[field] is None else row[field] for row in (left, right)
            )
            if one != other:
                return (-1 if one < other else 1) * (1 if way == "asc" else -1)
        return 0

    return sorted(rows, key=cmp_to_key(compare))


def _page(
    rows: list[dict[str, Any]], cursor: int | None, skip: int, take: int | None
) -> list[dict[str, Any]]:
    backwards = take is not None and take < 0
    if backwards:
        rows = rows[::-1]
    if cursor is not None:
        place = next((n for n, row in enumerate(rows) if row["id"] == cursor), None)
        rows = [] if place is None else rows[place:]
    rows = rows[skip:]
    if take is not None:
        rows = rows[: abs(take)]
    return rows[::-1] if backwards else rows


async def test_order_and_pages(db: Any) -> None:
    """Order, cursor, skip and take, forwards and backwards, in one relation and at the root."""

    async def examine(
        rows: list[dict[str, Any]],
        order: list[dict[str, str]],
        pages: list[tuple[int | None, int, int | None]],
    ) -> None:
        await _store(db, rows)
        stored = _ordered([{"id": n, **row} for n, row in enumerate(rows)], order)
        for cursor, skip, take in pages:
            found = await db.scalars.find_many(
                order=order,
                skip=skip,
                take=take,
                cursor=None if cursor is None else {"id": cursor},
            )
            expected = _page(stored, cursor, skip, take)
            assert [row.id for row in found] == [row["id"] for row in expected]

    page = st.tuples(st.none() | st.integers(0, 13), st.integers(0, 4), st.none() | st.integers(-5, 5))
    await check(
        examine, rows=_ROWS, order=_ORDERS, pages=st.lists(page, min_size=1, max_size=6)
    )


async def test_distinct(db: Any) -> None:
    """The first record of each combination of values, before skip and take."""

    async def examine(
        rows: list[dict[str, Any]], order: list[dict[str, str]], fields: list[str], skip: int, take: int
    ) -> None:
        await _store(db, rows)
        firsts: dict[tuple[Any, ...], int] = {}
        for row in _ordered([{"id": n, **row} for n, row in enumerate(rows)], order):
            firsts.setdefault(tuple(row[field] for field in fields), row["id"])
        found = await db.scalars.find_many(order=order, distinct=fields, skip=skip, take=take)
        assert [row.id for row in found] == [*firsts.values()][skip : skip + take]

    names = st.lists(st.sampled_from(["string", "int", "bool"]), min_size=1, max_size=2, unique=True)
    await check(
        examine,
        rows=_ROWS,
        order=_ORDERS,
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

    await check(examine, rows=_ROWS)


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
                everything[skip : skip + take] if take >= 0 else everything[::-1][skip : skip - take][::-1]
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
