"""The differences that are known and meant, each with its reason; every other one is a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from .difference import Difference, changed

_INPUT_CODES: Final = frozenset(("P2009", "P2012"))

_WRITE_CODES: Final = frozenset(("P2002", "P2003", "P2014", "P2017", "P2018", "P2025"))


# PostgreSQL's codes for types of parameters that do not fit a statement.
_TYPE_CODES: Final = frozenset(("42804", "42809", "42846", "42883", "42725", "42P08", "42P18"))


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
    is_meant = "update_many(" in text and "'is_not': {" in text
    return is_meant and difference.original == {"answer": 0}


def _is_cursor_outside(difference: Difference) -> bool:
    has_nested = "'cursor': " in difference.step.text()
    if difference.rows or not has_nested or "answer" not in difference.ours:
        return False
    paths = changed(difference.original, difference.ours)
    return all(path.endswith(" against []") or ": [] against " in path for path in paths)


def _is_restricted_since_18(difference: Difference) -> bool:
    message = difference.original.get("error", {}).get("message", "")
    ours = difference.ours.get("error", {})
    return not difference.rows and 'code: "23001"' in message and ours.get("code") == "P2003"


def _only_updated_at_differs(difference: Difference) -> bool:
    sides = difference.rows_of_both()
    if "'set': " not in (text := difference.step.text()) and "'disconnect': " not in text:
        return False
    stamps = [[row.pop("updatedAt", None) for row in rows] for rows in sides]
    all_now = all(stamp == "now" for stamp in stamps[0])
    answers = changed(difference.original, difference.ours)
    only_stamps = all(".updatedAt: '<now>' against " in path for path in answers)
    return only_stamps and all_now and sides[0] == sides[1] != []


def _is_sum_beyond_bigint(difference: Difference) -> bool:
    message = difference.original.get("error", {}).get("message", "")
    return "Could not convert from `BigDecimal(" in message and "answer" in difference.ours


def _fails_of_another_part(difference: Difference) -> bool:
    # The client's update() and delete() turn P2025 into None.
    ours = difference.ours.get("error", {"code": "P2025"})
    is_failure = difference.ours.get("answer") is None
    codes = [difference.original.get("error", {}).get("code"), ours.get("code")]
    return (
        is_failure
        and not difference.rows
        and codes[0] != codes[1]
        and _WRITE_CODES.issuperset(codes)
    )


def _was_refused_for_types(difference: Difference) -> bool:
    error: dict[str, Any] = difference.original.get("error", {})
    meta: dict[str, Any] = error.get("meta") or {}
    code = meta.get("code")
    return error.get("class") == "RawQueryError" and code in _TYPE_CODES


def _original_panicked(difference: Difference) -> bool:
    # A transaction that was open in its process ended with it: the rows say nothing either.
    return difference.original.get("error", {}).get("class") == "OriginalPanicError"


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
        "update_many of records that lack a relation, said as `is_not: {}` or with a filter of "
        "relations only: 5.17 finds none there, although its own count() and find_many() do.",
        _updates_those_without,
    ),
    Allowed(
        "A cursor inside an include that names a record outside of the relation: whether the list "
        "starts at the next record or is empty depends on how many parents there are and on the "
        "kind of relation, and not in the same way as in 5.17.",
        _is_cursor_outside,
    ),
    Allowed(
        "PostgreSQL 18 has a code of its own for RESTRICT, 23001, which 5.17 does not know; ours "
        "is the P2003 of every other foreign key.",
        _is_restricted_since_18,
    ),
    Allowed(
        "A record whose foreign key a nested `set` or `disconnect` empties keeps its @updatedAt, "
        "as in Prisma 7; 5.17 sets it to now.",
        _only_updated_at_differs,
    ),
    Allowed(
        "A write with two things wrong in it fails of one of them: which part of a nested write "
        "comes first is not always the same as in 5.17. Nothing of it is kept on either side.",
        _fails_of_another_part,
    ),
    Allowed(
        "A sum of BigInt beyond 64 bits is an error in 5.17; ours is the number.",
        _is_sum_beyond_bigint,
    ),
    Allowed(
        "A raw statement that PostgreSQL refuses for the declared types of its parameters: ours "
        "has it prepared with inferred types.",
        _was_refused_for_types,
    ),
    Allowed("The original engine panicked: there is nothing to compare with.", _original_panicked),
)


def reason(difference: Difference) -> str | None:
    """Why a difference may be, if it may."""
    for allowed in ALLOWED:
        if allowed.applies(difference):
            return allowed.reason
    return None
