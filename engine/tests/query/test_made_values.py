"""Values that the engine makes or takes apart by itself, against Python's own ways."""

import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest

from prisma_wasm.execute.generators import uuid4
from prisma_wasm.parameters import to_timestamp


def test_random_uuids() -> None:
    """Of version 4, written as Python writes them, each another one, all of their bits in use."""
    texts = [uuid4() for _ in range(2_000)]
    parsed = [uuid.UUID(text) for text in texts]
    assert {(each.version, each.variant) for each in parsed} == {(4, uuid.RFC_4122)}
    assert [str(each) for each in parsed] == texts
    assert len(set(texts)) == len(texts)
    ever = never = 0
    for each in parsed:
        ever, never = ever | each.int, never | ~each.int
    fixed = 0xF << 76 | 0x3 << 62
    assert ever | fixed == never & (1 << 128) - 1 | fixed == (1 << 128) - 1


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC),
        datetime(2024, 2, 29, 0, 30, tzinfo=timezone(timedelta(hours=2, minutes=15))),
        datetime(2024, 10, 27, 1, 30, tzinfo=UTC, fold=1),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2024, 2, 29),  # noqa: DTZ001  # as of UTC
    ],
)
def test_moments_without_a_zone(moment: datetime) -> None:
    """What a column without a zone gets: the moment in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    expected = aware.astimezone(UTC).replace(tzinfo=None)
    made = to_timestamp(moment)
    assert (made, made.tzinfo) == (expected, None)


def test_moments_of_a_class_of_their_own() -> None:
    """As libraries have them."""

    class Own(datetime):
        pass

    assert to_timestamp(Own(2024, 2, 29, 1, tzinfo=UTC)) == datetime(2024, 2, 29, 1)  # noqa: DTZ001
