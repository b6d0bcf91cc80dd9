"""Databases for which a plan's statements go one by one for a while, since together they failed.

That a plan's statements cannot go together is a matter of the database: a trigger gives a row
another id, a table has a rule. So it is remembered for each database by itself. And it may change,
or was the doing of one caller's values alone: so it is forgotten after some time, and at once when
the statements fail one by one just the same.
"""

from __future__ import annotations

from collections import OrderedDict
from time import monotonic as _now
from typing import Final

_SECONDS: Final = 60.0
_DATABASES: Final = 100


class OneByOne:
    """The databases of one plan."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until: OrderedDict[str, float] = OrderedDict()

    def __contains__(self, database: str) -> bool:
        if not self._until:
            return False
        until = self._until.get(database)
        if until is None:
            return False
        if until > _now():
            return True
        del self._until[database]
        return False

    def add(self, database: str) -> None:
        """Send the statements one by one from now on, for a while."""
        self._until[database] = _now() + _SECONDS
        self._until.move_to_end(database)
        if len(self._until) > _DATABASES:
            self._until.popitem(last=False)

    def discard(self, database: str) -> None:
        """Send them together again."""
        self._until.pop(database, None)

    def __len__(self) -> int:
        return len(self._until)
