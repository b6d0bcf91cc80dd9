"""Select items by the names given on the command line."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from bench.errors import BenchError


class Named(Protocol):
    @property
    def name(self) -> str: ...


NamedT = TypeVar("NamedT", bound=Named)


def select(names: str, available: Sequence[NamedT], kind: str) -> tuple[NamedT, ...]:
    """Return the items in a comma-separated list of names, or all if it is empty.

    Raises BenchError for unknown names.
    """
    wanted = [name for name in names.split(",") if name]
    unknown = set(wanted) - {each.name for each in available}
    if unknown:
        known = ", ".join(each.name for each in available)
        raise BenchError(f"Unknown {kind}: {', '.join(sorted(unknown))}. Known are: {known}.")
    return tuple(each for each in available if not wanted or each.name in wanted)
