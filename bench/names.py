"""What is chosen by name on the command line."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from bench.errors import BenchError


class Named(Protocol):
    @property
    def name(self) -> str: ...


NamedT = TypeVar("NamedT", bound=Named)


def named(names: str, every: Sequence[NamedT], kind: str) -> tuple[NamedT, ...]:
    """Those of a comma-separated list; all where it is empty."""
    wanted = [name for name in names.split(",") if name]
    unknown = set(wanted) - {each.name for each in every}
    if unknown:
        known = ", ".join(each.name for each in every)
        raise BenchError(f"There is no {kind} {', '.join(sorted(unknown))}; there are {known}.")
    return tuple(each for each in every if not wanted or each.name in wanted)
