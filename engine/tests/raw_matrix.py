"""Raw parameters: Python values by the places in a statement where they may stand.

`raw_matrix.json` says what each pair gives. `original` is what the original engine (5.17) answered:
a value, or `{"error": SQLSTATE}`. `ours` is what this engine answers where the two differ: mostly
where the original refused a statement for its types, and where it rounded a number.
`differential/test_raw_parameters.py` compares the first with the original engine, and with
`--record` writes the file.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, cast

PATH: Final = Path(__file__).with_suffix(".json")
_UUID: Final = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"


class Word(enum.StrEnum):
    """An enum of texts."""

    FIVE = "5"


class Number(enum.IntEnum):
    """An enum of numbers."""

    FIVE = 5


def _tagged(tag: str, value: str) -> dict[str, str]:
    """A value in the form in which Prisma's JSON names its type."""
    return {"prisma__type": tag, "prisma__value": value}


# Made for a client's package, whose `fields` has Json and Base64.
VALUES: Final[dict[str, Callable[[Any], Any]]] = {
    "None": lambda _: None,
    "True": lambda _: True,
    "5": lambda _: 5,
    "2**40": lambda _: 2**40,
    "2**63": lambda _: 2**63,
    "1.5": lambda _: 1.5,
    "0.1": lambda _: 0.1,
    "5.0": lambda _: 5.0,
    "'5'": lambda _: "5",
    "'word'": lambda _: "word",
    "'true'": lambda _: "true",
    "a date as text": lambda _: "2024-02-29T12:34:56.789Z",
    "a UUID as text": lambda _: _UUID,
    "JSON as text": lambda _: '{"a": [1]}',
    "StrEnum": lambda _: Word.FIVE,
    "IntEnum": lambda _: Number.FIVE,
    "Decimal": lambda _: Decimal("1.50"),
    "datetime": lambda _: datetime(2024, 2, 29, 12, 34, 56, 789000, UTC),
    "dict": lambda _: {"a": [1]},
    "Json": lambda fields: fields.Json({"a": [1]}),
    "Base64": lambda fields: fields.Base64.encode(b"\x00\xff"),
    "tagged bigint": lambda _: _tagged("bigint", "5"),
    "tagged decimal": lambda _: _tagged("decimal", "1.50"),
    "tagged date": lambda _: _tagged("date", "2024-02-29T12:34:56.789Z"),
    "tagged bytes": lambda _: _tagged("bytes", "AP8="),
    "[]": lambda _: [],
    "[1, 2]": lambda _: [1, 2],
    "[1.5]": lambda _: [1.5],
    "['a', 'b']": lambda _: ["a", "b"],
    "['1', '2']": lambda _: ["1", "2"],
    "[True]": lambda _: [True],
    "[None]": lambda _: [None],
    "[1, None]": lambda _: [1, None],
    "[1, 'a']": lambda _: [1, "a"],
    "[[1], [2]]": lambda _: [[1], [2]],
    "[dict]": lambda _: [{"a": 1}],
    "[UUID as text]": lambda _: [_UUID],
}

_TYPES: Final = (
    *("int2", "int4", "int8", "float4", "float8", "numeric", "money", "bool", "text", "uuid"),
    *("timestamptz", "timestamp", "date", "time", "interval", "jsonb", "json", "bytea", "inet"),
    *("int4[]", "int8[]", "float8[]", "text[]", "uuid[]", "jsonb[]"),
)
_OF_TYPES: Final = {
    "int2": "5",
    "int4": "5",
    "int8": "5",
    "float4": "0.1",
    "float8": "0.1",
    "numeric": "1.5",
    "bool": "true",
    "text": "'5'",
    "uuid": f"'{_UUID}'",
    "timestamptz": "'2024-02-29 12:34:56.789Z'",
    "timestamp": "'2024-02-29 12:34:56.789'",
    "date": "'2024-02-29'",
    "jsonb": """'{"a": [1]}'""",
    "bytea": r"'\x00ff'",
    "int4[]": "'{1,2}'",
    "text[]": "'{a,b}'",
}
# Lists that the original declared without a type. What it did with them in the place of a type that
# is no array is not to be had from its WASM build, whose driver writes lists as texts; the native
# engine could not convert them.
_INFERRED_LISTS: Final = ("[]", "[1, None]", "[1, 'a']", "[[1], [2]]")
_NO_CONVERSION: Final = {"error": "N/A"}
_PLAIN_ARRAYS: Final = ("int4[]", "int8[]", "float8[]", "text[]", "number = any")
# What Prisma cannot read comes as text.
_AS_TEXT: Final = ("interval",)
TABLE: Final = "raw_columns"
_COLUMNS: Final = ", ".join(f'"{name}" {name}' for name in _TYPES)
DEFINITION: Final = f"CREATE TABLE {TABLE} ({_COLUMNS})"


def _read(expression: str, type_: str) -> str:
    return f"({expression})::text" if type_ in _AS_TEXT else expression


def _insertion(type_: str) -> str:
    column = f'"{type_}"'
    return f"INSERT INTO {TABLE} ({column}) VALUES ($1) RETURNING {_read(column, type_)} AS v"


CONTEXTS: Final[dict[str, str]] = {
    "bare": "SELECT $1 AS v",
    "a column without a name": "SELECT $1",
    "pg_typeof": "SELECT pg_typeof($1)::text AS v",
    # Casts to bytea differ between versions of PostgreSQL.
    **{f"cast to {t}": f"SELECT {_read(f'$1::{t}', t)} AS v" for t in _TYPES if t != "bytea"},
    "cast to text and on": "SELECT $1::text::jsonb AS v",
    **{f"compared with {t}": f"SELECT {value}::{t} = $1 AS v" for t, value in _OF_TYPES.items()},
    **{f"inserted into {t}": _insertion(t) for t in _TYPES},
    "to_jsonb": "SELECT to_jsonb($1) AS v",
    "jsonb_build_object": "SELECT jsonb_build_object('a', $1) AS v",
    "jsonb_build_array": "SELECT jsonb_build_array($1, $1) AS v",
    "concat": "SELECT concat($1, 'x') AS v",
    "format": "SELECT format('%s', $1) AS v",
    "greatest": "SELECT greatest($1, 10) AS v",
    "greatest of itself": "SELECT greatest($1, $1) AS v",
    "coalesce": "SELECT coalesce($1, $1) AS v",
    "nullif": "SELECT nullif($1, 6) AS v",
    "length": "SELECT length($1) AS v",
    "upper": "SELECT upper($1) AS v",
    "abs": "SELECT abs($1) AS v",
    "round": "SELECT round($1) AS v",
    "left": "SELECT left('abcdefgh', $1) AS v",
    "make_interval": "SELECT make_interval(days => $1)::text AS v",
    "generate_series": "SELECT count(*) AS v FROM (SELECT generate_series(1, $1) LIMIT 3) AS s",
    "array_length": "SELECT array_length($1, 1) AS v",
    "array_to_string": "SELECT array_to_string($1, ',') AS v",
    "added to a small number": "SELECT 1 + $1 AS v",
    "added to a large number": "SELECT 2147483600 + $1 AS v",
    "multiplied": "SELECT $1 * 2 AS v",
    "divided": "SELECT $1 / 2 AS v",
    "times itself": "SELECT $1 * $1 AS v",
    "times float8": "SELECT 1.5::float8 * $1 AS v",
    "times numeric": "SELECT 1.5 * $1 AS v",
    "times interval": "SELECT ($1 * interval '1 day')::text AS v",
    "added to a date": "SELECT (date '2024-01-01' + $1)::text AS v",
    "concatenated": "SELECT $1 || 'x' AS v",
    "concatenated with itself": "SELECT $1 || $1 AS v",
    "like": "SELECT 'word' LIKE $1 AS v",
    "less than a number": "SELECT $1 < 10 AS v",
    "equal to a number": "SELECT $1 = 5 AS v",
    "equal to a text": "SELECT $1 = '5' AS v",
    "not": "SELECT NOT $1 AS v",
    "null": "SELECT $1 IS NULL AS v",
    "case": "SELECT CASE WHEN true THEN $1 ELSE $1 END AS v",
    "jsonb contains": """SELECT '{"a": [1]}'::jsonb @> $1 AS v""",
    "jsonb arrow": """SELECT '{"5": 1, "word": 2}'::jsonb -> $1 AS v""",
    "limit": "SELECT 1 AS v LIMIT $1",
    "in numbers": "SELECT 5 IN ($1, 6) AS v",
    "among numbers": "SELECT $1 IN (5, 6) AS v",
    "among texts": "SELECT $1 IN ('5', 'word') AS v",
    "ARRAY": "SELECT ARRAY[$1] AS v",
    "number = any": "SELECT 2 = ANY($1) AS v",
    "text = any": "SELECT 'a'::text = ANY($1) AS v",
    "uuid = any": f"SELECT '{_UUID}'::uuid = ANY($1) AS v",
    "= any of numbers": "SELECT $1 = ANY(ARRAY[5, 6]) AS v",
    "unnest": "SELECT count(*) AS v FROM unnest($1)",
    "values": "SELECT column1 AS v FROM (VALUES ($1)) AS one",
    "set": f'UPDATE {TABLE} SET "text" = $1 WHERE false RETURNING "text" AS v',
}

Outcome = Any
Answers = dict[str, Outcome]


async def _answer(client: Any, fields: Any, context: str, value: str) -> Outcome:
    try:
        rows = await client.query_raw(CONTEXTS[context], VALUES[value](fields))
    except Exception as error:
        meta: dict[str, Any] = getattr(error, "meta", None) or {}
        return {"error": meta.get("code") or type(error).__name__}
    (only,) = rows or ({"": "<no row>"},)
    (found,) = only.values()
    return found


def is_known(context: str, value: str) -> bool:
    """Whether the original's answer can be had from its WASM build."""
    if value not in _INFERRED_LISTS:
        return True
    if value == "[]":
        return context.endswith(("[]", "= any"))
    return value == "[1, None]" and context.endswith(_PLAIN_ARRAYS)


def is_error(found: Outcome) -> bool:
    """Whether an outcome is an error."""
    return isinstance(found, dict) and list(cast("dict[str, Any]", found)) == ["error"]


def are_same(first: Outcome, second: Outcome) -> bool:
    """Whether two outcomes are the same value, or both an error."""
    if is_error(first) or is_error(second):
        return is_error(first) and is_error(second)
    return first == second and type(first) is type(second)


async def answers(client: Any, fields: Any, context: str, values: Iterable[str]) -> Answers:
    """What a client answers to each of these values in one place."""
    return {value: await _answer(client, fields, context, value) for value in values}


def load() -> dict[str, dict[str, Answers]]:
    """The outcomes that are written down."""
    return json.loads(PATH.read_text(encoding="utf-8"))


def expected(written: dict[str, dict[str, Answers]], context: str) -> Answers:
    """What this engine has to answer in one place."""
    return written["original"][context] | written["ours"].get(context, {})


def store(original: dict[str, Answers], ours: dict[str, Answers]) -> None:
    """Write the outcomes down: all of the original's, and ours where they differ."""
    known = {
        context: {
            value: found if is_known(context, value) else _NO_CONVERSION
            for value, found in answers.items()
        }
        for context, answers in original.items()
    }
    other = {
        context: {
            value: found
            for value, found in answers.items()
            if not are_same(found, known[context][value])
        }
        for context, answers in ours.items()
    }
    parts = [
        f'"original": {_lines(known)}',
        f'"ours": {_lines({context: found for context, found in other.items() if found})}',
    ]
    PATH.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def _lines(contexts: dict[str, Answers]) -> str:
    """JSON with a place in a line."""
    lines = [f"  {json.dumps(name)}: {_json(found)}" for name, found in contexts.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
