"""DateTime and its native types: microseconds, zones, infinity, filters, lists."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from conformance.types import check_list_filters, found, list_there_and_back, there_and_back

MOMENTS = [
    datetime(2024, 2, 29, 12, 34, 56, 789000, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
    datetime(1883, 11, 18, 12, 3, 58, tzinfo=UTC),
]
MICRO = datetime(2024, 1, 1, 0, 0, 0, 123456, tzinfo=UTC)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize("moment", MOMENTS, ids=range(len(MOMENTS)))
async def test_values(db: Any, moment: datetime) -> None:
    """A moment comes back with its zone, UTC, and is found."""
    answer = await there_and_back(db, "scalars", "moment", moment)
    assert answer == moment
    assert answer.utcoffset() == timedelta(0)
    assert await db.scalars.count(where={"moment": moment}) == 4


async def test_zones(db: Any) -> None:
    """A moment of any zone is the same moment; one without a zone is UTC's."""
    utc = datetime(2024, 6, 1, 12, 0, tzinfo=UTC)
    for given in (
        datetime(2024, 6, 1, 17, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        datetime(2024, 6, 1, 4, 0, tzinfo=timezone(timedelta(hours=-8))),
        datetime(2024, 6, 1, 12, 0),  # noqa: DTZ001 - without a zone on purpose
    ):
        row = await db.scalars.create(data={"moment": given})
        assert row.moment == utc
    assert await db.scalars.count(where={"moment": utc}) == 3


async def test_iso_texts(db: Any) -> None:
    """A moment can be given as a text, too."""
    for text in ("2024-06-01T12:00:00Z", "2024-06-01T12:00:00.000Z", "2024-06-01T14:00:00+02:00"):
        row = await db.scalars.create(data={"moment": text})
        assert row.moment == datetime(2024, 6, 1, 12, tzinfo=UTC)
    assert await db.scalars.count(where={"moment": {"lte": "2024-06-01T12:00:00Z"}}) == 3


@pytest.mark.parametrize("text", ["2024-06-01", "yesterday", "", "2024-13-01T00:00:00Z"])
async def test_malformed(db: Any, prisma: Any, text: str) -> None:
    """A text that is no moment is refused."""
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.create(data={"moment": text})


@pytest.mark.parametrize("field", ["tz", "plainTs"])
async def test_microseconds(db: Any, field: str) -> None:
    """A column of microseconds keeps them, and filters go by them."""
    for n in range(3):
        row = await db.native.create(data={field: MICRO + n * TICK})
        assert getattr(row, field) == MICRO + n * TICK
    assert await found(db, "native", {field: MICRO + TICK}) == [2]
    assert await found(db, "native", {field: {"gt": MICRO}}) == [2, 3]
    assert await found(db, "native", {field: {"lt": MICRO + TICK}}) == [1]
    assert await found(db, "native", {field: {"in": [MICRO, MICRO + 2 * TICK]}}) == [1, 3]
    assert await found(db, "native", {field: {"not": MICRO}}) == [2, 3]
    assert await found(db, "native", {"NOT": [{field: {"gte": MICRO + TICK}}]}) == [1]


async def test_precision_of_the_column(db: Any) -> None:
    """What a column cannot keep is dropped; what is left is in the answer."""
    row = await db.scalars.create(data={"moment": MICRO})
    assert row.moment in (MICRO, MICRO.replace(microsecond=123000))
    assert await db.scalars.find_first() == await db.scalars.find_unique(where={"id": row.id})
    stored = (await db.scalars.find_first()).moment
    assert stored == MICRO.replace(microsecond=123000)
    row = await db.native.create(data={"tz3": MICRO, "ts0": MICRO})
    stored = await db.native.find_first()
    assert stored.tz3 == MICRO.replace(microsecond=123000)
    assert stored.ts0 == MICRO.replace(microsecond=0)


@pytest.mark.parametrize("year", [1, 1582, 1900, 2024, 9999])
async def test_dates(db: Any, year: int) -> None:
    """A date is its midnight in UTC."""
    day = datetime(year, 2, 28, tzinfo=UTC)
    row = await db.native.create(data={"date": day})
    assert row.date == day
    assert await found(db, "native", {"date": day}) == [row.id]
    assert await found(db, "native", {"date": {"gt": day}}) == []


async def test_date_drops_the_time(db: Any) -> None:
    """Of a moment only its day in UTC is kept."""
    row = await db.native.create(data={"date": datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)})
    stored = await db.native.find_unique(where={"id": row.id})
    assert stored.date == datetime(2024, 2, 29, tzinfo=UTC)


async def test_times(db: Any) -> None:
    """A time of day is a moment of the first of January 1970."""
    moment = datetime(1970, 1, 1, 12, 34, 56, 789000, tzinfo=UTC)
    row = await db.native.create(data={"time": moment, "timetz": moment})
    stored = await db.native.find_unique(where={"id": row.id})
    assert (stored.time, stored.timetz) == (moment, moment)
    assert await found(db, "native", {"time": moment}) == [row.id]
    assert await found(db, "native", {"time": {"lt": moment}}) == []


async def test_infinity_in_the_database(db: Any, sql: Any) -> None:
    """Infinite moments that others wrote do not break other records, and filters see them."""
    await sql.execute(
        'INSERT INTO "Native" ("varchar", "tz", "plainTs", "date") VALUES'
        " ('late', 'infinity', 'infinity', 'infinity'),"
        " ('early', '-infinity', '-infinity', '-infinity'),"
        " ('now', now(), now(), now())"
    )
    assert await db.native.count(where={"tz": {"gt": datetime(9000, 1, 1, tzinfo=UTC)}}) == 1
    assert await db.native.count(where={"plainTs": {"lt": datetime(1000, 1, 1, tzinfo=UTC)}}) == 1
    rows = await db.native.find_many(where={"varchar": "now"})
    assert len(rows) == 1


async def test_updated_at_and_now_agree(db: Any) -> None:
    """Within one write all moments of now are one."""
    row = await db.defaults.create(data={})
    assert abs(row.createdAt - row.updatedAt) < timedelta(seconds=5)
    assert row.seenAt is not None


async def test_lists(db: Any) -> None:
    """Lists of moments."""
    for moments in ([], MOMENTS):
        assert await list_there_and_back(db, "datetimes", moments) == moments
    moments = [MICRO, MICRO + TICK]
    assert await list_there_and_back(db, "tzs", moments) == moments
    row = await db.nativelists.create(data={"dates": [datetime(2024, 2, 29, tzinfo=UTC)]})
    assert row.dates == [datetime(2024, 2, 29, tzinfo=UTC)]


async def test_list_filters(db: Any) -> None:
    """Moments in lists."""
    await check_list_filters(db, "tzs", MICRO, MICRO + TICK, MICRO + 2 * TICK)


async def test_filters(db: Any) -> None:
    """Before, after, within."""
    await db.scalars.create_many(data=[{"moment": moment} for moment in sorted(MOMENTS)])
    assert await found(db, "scalars", {"moment": {"lt": MOMENTS[1]}}) == [1, 2, 3]
    assert await found(db, "scalars", {"moment": {"gte": MOMENTS[1], "lt": MOMENTS[4]}}) == [4, 5]
    assert await found(db, "scalars", {"moment": {"not_in": MOMENTS[:5]}}) == [2]
