"""Which plans are one statement, whose transaction may be committed in the same message."""

from __future__ import annotations

from typing import Any

import pytest

from prisma_wasm.execute import Program

_TEXT = {"type": "stringChunk", "chunk": 'SELECT "id" FROM "a" WHERE "id" IN '}
_SCALAR = {"arity": "scalar", "scalarType": "int", "dbType": None}
_LIST: dict[str, Any] = {
    "type": "parameterTuple", "itemPrefix": "", "itemSeparator": ",", "itemSuffix": "",
}  # fmt: skip
_TUPLES = {**_LIST, "type": "parameterTupleList", "groupSeparator": ","}


def _query(*fragments: Any, arg_type: Any = _SCALAR, kind: str = "query") -> Any:
    template = {
        "type": "templateSql",
        "fragments": [_TEXT, *fragments],
        "placeholderFormat": {"prefix": "$", "hasNumbering": True},
        "args": [[1, 2] for _ in fragments],
        "argTypes": [arg_type for _ in fragments],
        "chunkable": True,
    }
    return {"type": kind, "args": template}


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (_query(), True),
        (_query({"type": "parameter"}), True),
        ({"type": "unique", "args": {"type": "required", "args": _query()}}, True),
        ({"type": "mapField", "args": {"field": "id", "records": _query()}}, True),
        (_query(_LIST), True),  # one array
        (_query(_TUPLES, arg_type={"arity": "tuple", "elements": [_SCALAR]}), False),  # may be cut
        (_query(kind="execute"), False),
        ({"type": "seq", "args": [_query(), _query()]}, False),
        ({"type": "transaction", "args": _query()}, False),
    ],
)
def test_plans(plan: Any, expected: bool) -> None:
    """A query and what is made of its rows; not several, and none that may be cut into several."""
    assert Program(plan, 0).is_one_statement is expected
