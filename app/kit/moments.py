"""Moments that requests may contain: those far away have no place in time zones and databases."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, WithJsonSchema

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
# The clock of whoever sends a moment may be wrong.
_CLOCK_SKEW = timedelta(days=1)


def is_plausible(moment: datetime) -> bool:
    """Return whether an aware moment is between the years 2000 and 2100."""
    return EARLIEST <= moment < LATEST


def _plausible(moment: datetime) -> datetime:
    if not is_plausible(moment):
        raise ValueError("must be between the years 2000 and 2100")
    return moment.astimezone(UTC)


def _past(moment: datetime) -> datetime:
    if not EARLIEST <= moment <= datetime.now(UTC) + _CLOCK_SKEW:
        raise ValueError("must be neither before the year 2000 nor in the future")
    return moment.astimezone(UTC)


# Nothing longer is a moment.
_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time", "maxLength": 50})
Moment = Annotated[AwareDatetime, AfterValidator(_plausible), _SCHEMA]
PastMoment = Annotated[AwareDatetime, AfterValidator(_past), _SCHEMA]
