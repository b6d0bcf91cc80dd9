"""Moments in UTC, and PostgreSQL's infinities as the driver has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_START_IN_UTC: Final = datetime(2000, 1, 1, tzinfo=UTC)
_START: Final = _START_IN_UTC.replace(tzinfo=None)

INFINITY: Final = datetime.max.replace(tzinfo=UTC)
NEGATIVE_INFINITY: Final = datetime.min.replace(tzinfo=UTC)


def as_utc(value: datetime) -> datetime:
    """Return the same moment in UTC; one without a zone is taken as UTC."""
    zone = value.tzinfo
    if zone is UTC:
        return value
    if zone is not None:
        return _shift(value)
    if type(value) is datetime:
        return _START_IN_UTC + (value - _START)  # replace() takes twenty times as long
    return value.replace(tzinfo=UTC)


def without_zone(moment: datetime) -> datetime:
    """Return the same moment, of UTC, as one without a zone."""
    if type(moment) is datetime:
        return _START + (moment - _START_IN_UTC)
    return moment.replace(tzinfo=None)


def _shift(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:  # datetime.min and datetime.max stand for the infinities
        return value.replace(tzinfo=UTC)
