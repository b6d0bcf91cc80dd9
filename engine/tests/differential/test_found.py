"""Queries that once had another outcome than the original's, each a fault that stays mended."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import pytest

from .calls import Batch, Call, Step
from .compare import Comparison
from .values import JsonValue


def _call(model: str, action: str, **arguments: Any) -> Call:
    return Call(model, action, arguments)


def _raw(query: str, *parameters: Any, action: str = "query_raw") -> Call:
    return Call("", action, {"call": [query, *parameters]})


_GREW: Final = _call("Kind", "update", where={"id": 8}, data={"int": {"increment": 1}})
_FOUND: Final[dict[str, Step]] = {
    "errors have no modelName": _call("Profile", "create", data={"userId": 10}),
    "group_by gives BigInt as text": _call("Kind", "group_by", by=["big"]),
    "group_by gives the least BigInt as text": _call(
        "User", "group_by", by=["teamId"], min={"big": True}, sum={"big": True}, max={"big": True}
    ),
    "real has seven digits": _call("Note", "find_many"),
    "in, insensitive": _call(
        "Group", "find_many", where={"title": {"in": ["100% SURE"], "mode": "insensitive"}}
    ),
    "not_in, insensitive": _call(
        "Group", "find_many", where={"title": {"not_in": ["100% SURE"], "mode": "insensitive"}}
    ),
    "update_many without data": _call("User", "update_many", data={}, where={}),
    "json, less than": _call("User", "find_many", where={"meta": {"lt": JsonValue(2)}}),
    "json, less than text": _call("Team", "find_many", where={"settings": {"lt": JsonValue("x")}}),
    "json, less than at a path": _call(
        "User", "find_many", where={"meta": {"path": ["a"], "gte": JsonValue(1)}}
    ),
    "delete with include, mapped compound key": _call(
        "Membership",
        "delete",
        where={"userId_groupKey": {"userId": 3, "groupKey": "beta"}},
        include={"notes": True},
    ),
    "meta of P2018": _call(
        "User", "create", data={"email": "x@example.com", "posts": {"connect": [{"id": 99}]}}
    ),
    "sums of money": _call("Kind", "group_by", by=["id"], sum={"money": True}, max={"money": True}),
    "raw, a parameter of another type": _raw("SELECT $1::int AS a", "word"),
    "raw, no uuid": _raw("SELECT $1::uuid AS a", "word"),
    "raw, no moment": _raw("SELECT $1::timestamptz AS a", "word"),
    "raw, too big a number": _raw("SELECT $1::int AS a", 2**40),
    "raw, too few parameters": _raw("SELECT $1::int + $2::int AS a", 1),
    "raw, too many parameters": _raw("SELECT $1::int AS a", 1, 2),
    "raw, a time": _raw('SELECT clock FROM "Kind" ORDER BY id'),
    "raw, an error's severity": _raw("SELEC 1"),
    "raw, an error's hint": _raw("SELECT nofun(1, now())"),
    "raw, an error's detail": _raw("SELECT $1::jsonb AS a", "{word"),
    "raw, unique": _raw(
        'INSERT INTO "Group" (key, title) VALUES ($1, $2)', "alpha", "x", action="execute_raw"
    ),
    "raw, a null": _raw('INSERT INTO "Group" (key) VALUES ($1)', "q", action="execute_raw"),
    "raw, no table": _raw("SELECT nothing FROM nowhere"),
    "distinct and a field twice in the order": _call(
        "Membership",
        "find_many",
        distinct=["userId", "role"],
        order=[{"userId": "asc"}, {"userId": "asc"}, {"groupKey": "asc"}],
    ),
    "having, not": _call(
        "Membership", "group_by", by=["role"], having={"role": {"not": {"not_in": ["ADMIN"]}}}
    ),
    "order by nothing but a count in an include": _call(
        "User", "find_many", include={"posts": {"order_by": [{"comments": {"_count": "desc"}}]}}
    ),
    "order by a count in an include": _call(
        "User",
        "find_many",
        include={"posts": {"order_by": [{"comments": {"_count": "desc"}}, {"id": "asc"}]}},
    ),
    "order by a count in an include, compound key": _call(
        "Group",
        "find_many",
        include={"members": {"order_by": [{"notes": {"_count": "desc"}}, {"userId": "asc"}]}},
    ),
    "connect the same record twice": _call(
        "User", "update", where={"id": 7}, data={"posts": {"connect": [{"id": 1}, {"id": 1}]}}
    ),
    "connect the same record twice, many to many": _call(
        "User", "update", where={"id": 7}, data={"friends": {"connect": [{"id": 1}, {"id": 1}]}}
    ),
    "set the same record twice, many to many": _call(
        "User", "update", where={"id": 7}, data={"friends": {"set": [{"id": 1}, {"id": 1}]}}
    ),
    "connect the same record twice, compound key": _call(
        "User",
        "update",
        where={"id": 7},
        data={
            "memberships": {
                "connect": [{"userId_groupKey": {"userId": 1, "groupKey": "alpha"}}] * 2,
            }
        },
    ),
    "a number outgrows its column": _GREW,
    "a number outgrows its column in a batch": Batch((_GREW,)),
    "a filter of Decimal with all digits": _call(
        "Kind", "find_many", where={"exact": {"gt": Decimal("0.000000999999999999")}}
    ),
}


@pytest.mark.parametrize("name", _FOUND)
async def test_found_difference_is_gone(comparison: Comparison, name: str) -> None:
    """A query that once differed agrees, also with the rows that it leaves."""
    await comparison.restore()
    difference = await comparison.compare(_FOUND[name])
    assert difference is None, difference.text()


async def test_refused_value_leaves_no_transaction(comparison: Comparison) -> None:
    """A value that the driver refuses leaves its connection free of locks on the table."""
    for value in (2**40, -(2**31) - 1):
        await comparison.compare(_call("Kind", "find_many", where={"int": value}))
    await comparison.restore()
