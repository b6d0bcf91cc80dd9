"""Random values of every type there and back."""

# ruff: noqa: DTZ001 - Hypothesis takes limits without a zone and the zone beside them

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st

from conformance.examples import check

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
async def test_lists(db: Any, prisma: Any, field: str, items: st.SearchStrategy[Any]) -> None:
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
        "timestamptz": st.datetimes(
            datetime(1, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)
        ),
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
