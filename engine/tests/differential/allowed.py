"""The differences that are known and meant, each with its reason; every other one is a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from .compare import Difference


_INPUT_CODES: Final = frozenset(("P2009", "P2012"))


@dataclass(frozen=True)
class Allowed:
    """A difference that is no fault, and how to know it."""

    reason: str
    applies: Callable[[Difference], bool]


def _errors(difference: Difference) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Both errors, where both are one of the same class and code, and the rows are equal."""
    first, second = difference.original.get("error"), difference.ours.get("error")
    if difference.rows or not first or not second:
        return None
    same = first["class"] == second["class"] and first.get("code") == second.get("code")
    return (first, second) if same else None


def _is_same_invalid_input(difference: Difference) -> bool:
    errors = (difference.original.get("error", {}), difference.ours.get("error", {}))
    are_of_input = all(
        error.get("code") in _INPUT_CODES and error["meta"].get("kind") for error in errors
    )
    return not difference.rows and are_of_input and errors[0]["class"] == errors[1]["class"]


def _is_same_missing_record(difference: Difference) -> bool:
    errors = _errors(difference)
    return errors is not None and all(
        error.get("code") == "P2025" and error["meta"].get("cause") for error in errors
    )


def _is_missing_parent(difference: Difference) -> bool:
    error = difference.original.get("error", {})
    ours = difference.ours.get("error", {"code": "P2025"})
    is_missing = ours.get("code") == "P2025" and difference.ours.get("answer") is None
    return not difference.rows and error.get("code") == "P2016" and is_missing


def _updates_those_without(difference: Difference) -> bool:
    text = difference.step.text()
    return "update_many(" in text and "'is_not': {}" in text and "error" not in difference.ours


ALLOWED: Final[tuple[Allowed, ...]] = (
    Allowed(
        "An invalid query is described by the compiler's own schema, in which some input types "
        "have other names and fields than in 5.17; the exception's class is the same.",
        _is_same_invalid_input,
    ),
    Allowed(
        "The sentence in `cause` of P2025 is the compiler's; it names the same models and relation "
        "in other words.",
        _is_same_missing_record,
    ),
    Allowed(
        "A relation written to below a record that does not exist: 5.17 often breaks off with an "
        "error of its interpreter (P2016); ours is the P2025 that it has everywhere else.",
        _is_missing_parent,
    ),
    Allowed(
        "update_many of records that lack a relation, said as `is_not: {}`: 5.17 finds none there, "
        "although its own count() and find_many() do.",
        _updates_those_without,
    ),
)


def reason(difference: Difference) -> str | None:
    """Why a difference may be, if it may."""
    for allowed in ALLOWED:
        if allowed.applies(difference):
            return allowed.reason
    return None
