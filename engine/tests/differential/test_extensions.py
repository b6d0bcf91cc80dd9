"""Extensions that the original engine (5.17) can do, although its Python client offered no way."""

from __future__ import annotations

from typing import Any, Final

import pytest
from typing_extensions import TypedDict

from .calls import Call
from .compare import Comparison
from .schema import models
from .values import for_package

_ORDERS: Final[dict[str, tuple[str, Any]]] = {
    "a related record's field": ("Post", [{"author": {"email": "desc"}}, {"id": "asc"}]),
    "through two relations": ("Comment", [{"post": {"author": {"name": "asc"}}}, {"id": "asc"}]),
    "a self relation": ("Category", [{"parent": {"name": "desc"}}, {"id": "desc"}]),
    "the number of related records": ("User", [{"posts": {"_count": "desc"}}, {"id": "asc"}]),
    "many to many": ("Post", [{"categories": {"_count": "asc"}}, {"id": "desc"}]),
    "a related record's number": (
        "Post",
        [{"author": {"posts": {"_count": "asc"}}}, {"id": "asc"}],
    ),
    "nulls first": ("User", [{"age": {"sort": "asc", "nulls": "first"}}, {"id": "asc"}]),
    "nulls of a relation last": (
        "User",
        [{"manager": {"age": {"sort": "desc", "nulls": "last"}}}, {"id": "asc"}],
    ),
}
_FIGURES: Final[dict[str, tuple[str, dict[str, Any], list[str]]]] = {
    "all": ("User", {}, ["_count { _all }", "_sum { age score }", "_avg { age }"]),
    "least and greatest": ("Post", {}, ["_min { title views }", "_max { slug rating }"]),
    "counts of fields": ("User", {}, ["_count { age name managerId }"]),
    "filter": ("Post", {"where": {"author": {"is": {"active": True}}}}, ["_sum { views }"]),
    "page": (
        "Post",
        {"order_by": [{"views": "desc"}, {"id": "asc"}], "take": 3, "skip": 1},
        ["_sum { views }", "_count { _all }"],
    ),
    "order by a relation": (
        "Post",
        {"order_by": [{"author": {"email": "asc"}}, {"id": "asc"}], "take": 2},
        ["_sum { views }"],
    ),
    "cursor": ("User", {"cursor": {"id": 3}, "order_by": {"id": "asc"}}, ["_count { _all }"]),
    "nothing found": ("User", {"where": {"id": -1}}, ["_sum { age }", "_max { name }"]),
    "no number": ("User", {}, ["_sum { name }"]),
}
_ROWS: Final = [{"slug": f"new-{number}", "title": f"New {number}"} for number in range(3)]
_CREATES: Final[dict[str, Call]] = {
    "create_many": Call(
        "User",
        "create",
        {
            "data": {"email": "x@example.com", "posts": {"createMany": {"data": _ROWS}}},
            "include": {"posts": {"order_by": {"id": "asc"}}},
        },
    ),
    "create_many, one record": Call(
        "User",
        "update",
        {"where": {"id": 2}, "data": {"posts": {"createMany": {"data": _ROWS[0]}}}},
    ),
    "create_many, a duplicate": Call(
        "User",
        "update",
        {
            "where": {"id": 2},
            "data": {"name": "N", "posts": {"createMany": {"data": [*_ROWS, _ROWS[0]]}}},
        },
    ),
    "create_many, skipped duplicates": Call(
        "User",
        "update",
        {
            "where": {"id": 2},
            "data": {"posts": {"createMany": {"data": [*_ROWS, _ROWS[0]], "skipDuplicates": True}}},
        },
    ),
    "two levels": Call(
        "Team",
        "create",
        {
            "data": {
                "name": "new",
                "users": {
                    "create": [
                        {
                            "email": "x@example.com",
                            "profile": {"create": {"bio": "b"}},
                            "posts": {
                                "create": [
                                    {**_ROWS[0], "comments": {"create": [{"text": "first"}]}}
                                ],
                                "createMany": {"data": _ROWS[1:]},
                            },
                        }
                    ]
                },
            },
            "include": {"users": {"include": {"profile": True, "posts": True}}},
        },
    ),
}


class _Aggregate(Call):
    """The engine's `aggregate`, of which the original's client asks for the count alone."""

    async def run(self, client: Any, fields: Any) -> Any:
        given = for_package(self.arguments, fields)
        actions = getattr(client, models()[self.model].accessor)
        answer = await client._execute(
            method="count",
            model=actions._model,
            arguments=given["arguments"],
            root_selection=given["selection"],
        )
        return answer["data"]["result"]


class _Counts(Call):
    """The numbers of related records: our `select`, and the same selection of the original."""

    async def run(self, client: Any, fields: Any) -> Any:
        del fields
        actions = getattr(client, models()[self.model].accessor)
        relations: list[str] = self.arguments["count"]
        if hasattr(actions, "select"):
            make: Any = TypedDict
            counts = make("Counts", dict.fromkeys(relations, int))
            record = make("Record", {"id": int, "_count": counts})
            return await actions.select(record).find_many(order={"id": "asc"})
        answer = await client._execute(
            method="find_many",
            model=actions._model,
            arguments={"order_by": {"id": "asc"}},
            root_selection=["id", f"_count {{ {' '.join(relations)} }}"],
        )
        return answer["data"]["result"]


@pytest.mark.parametrize(
    ("model", "relations"),
    [
        ("User", ["posts", "comments", "memberships"]),
        ("User", ["friends", "friendOf", "reports"]),
        ("Post", ["categories", "comments"]),
        ("Category", ["children", "posts"]),
    ],
)
async def test_counts(comparison: Comparison, model: str, relations: list[str]) -> None:
    """Related records are counted as by the original: to-many, many-to-many, self relations."""
    await comparison.restore()
    difference = await comparison.compare(_Counts(model, "select", {"count": relations}))
    assert difference is None, difference.text()


@pytest.mark.parametrize("name", _ORDERS)
async def test_orders(comparison: Comparison, name: str) -> None:
    """Records come in the same order; NULLs and equal numbers, too."""
    model, order = _ORDERS[name]
    await comparison.restore()
    for page in ({}, {"take": 3, "skip": 1}):
        difference = await comparison.compare(Call(model, "find_many", {"order": order, **page}))
        assert difference is None, difference.text()


@pytest.mark.parametrize("name", _FIGURES)
async def test_figures(comparison: Comparison, name: str) -> None:
    """Figures are the same, and so are refusals."""
    model, arguments, selection = _FIGURES[name]
    await comparison.restore()
    step = _Aggregate(model, "aggregate", {"arguments": arguments, "selection": selection})
    difference = await comparison.compare(step)
    assert difference is None, difference.text()


@pytest.mark.parametrize("name", _CREATES)
async def test_nested_creates(comparison: Comparison, name: str) -> None:
    """Nested writes leave the same rows."""
    await comparison.restore()
    difference = await comparison.compare(_CREATES[name])
    assert difference is None, difference.text()
