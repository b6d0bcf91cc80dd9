"""The differences that are known and meant, each with its reason; every other one is a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .compare import Difference


@dataclass(frozen=True)
class Allowed:
    """A difference that is no fault, and how to know it."""

    reason: str
    applies: Callable[[Difference], bool]


ALLOWED: Final[tuple[Allowed, ...]] = ()


def reason(difference: Difference) -> str | None:
    """Why a difference may be, if it may."""
    for allowed in ALLOWED:
        if allowed.applies(difference):
            return allowed.reason
    return None
