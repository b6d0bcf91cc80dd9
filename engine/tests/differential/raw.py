"""Random raw queries: parameters and results of every type, and errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from .calls import Call
from .values import Values

Draw = Callable[[Values], Any]


def _one_of(*items: Any) -> Draw:
    return lambda values: values.pick(items)


_ID: Final[Draw] = lambda values: values.random.randint(1, 9)  # noqa: E731 - one of a table
_INT: Final = _one_of(0, 1, -5, 42, 2**31 - 1)
_BIG: Final = _one_of(0, 7, 2**53 + 1, -(2**40), "12", "9007199254740993")
_FLOAT: Final = _one_of(0.5, 1, -2.25, 1e10)
_TEXT: Final = _one_of("", "alpha", "Zürich ß", "🙂 smile", "o'clock", 'quo"ted', "null", "12")
_BOOL: Final = _one_of(True, False)
_MOMENT: Final = _one_of(
    "2021-03-04T05:06:07.500Z", "2021-03-04T05:06:07+02:00", "2021-03-04 05:06:07"
)
_JSON: Final = _one_of('{"a": [1, 2, {"b": null}]}', "[]", '"word"', "1.5", "null")
_UUID: Final = _one_of(
    "00000000-0000-4000-8000-000000000003", "00000000-0000-4000-8000-0000000000ff"
)
_INTS: Final = _one_of([1, 2, 3], [7], [])
_TEXTS: Final = _one_of(["alpha", "beta"], ["alpha"], ["o'clock", "Zürich ß"])
_NONE: Final = _one_of(None)

# What is asked, and what its parameters are drawn from.
_QUERIES: Final[tuple[tuple[str, tuple[Draw, ...]], ...]] = (
    ("SELECT $1::int AS a, $2::text AS b", (_INT, _TEXT)),
    ("SELECT $1::bigint AS a", (_BIG,)),
    ("SELECT $1::float8 AS a, $1::float8 * 2 AS b", (_FLOAT,)),
    ("SELECT $1::numeric AS a", (_one_of("1.50", "-0.000001", "12345.678901", 1.5, 3),)),
    ("SELECT $1::boolean AS a, NOT $1::boolean AS b", (_BOOL,)),
    ("SELECT $1::text AS a, upper($1) AS b, length($1) AS c", (_TEXT,)),
    ("SELECT $1::timestamptz AS a", (_MOMENT,)),
    ("SELECT $1::timestamp AS a, $1::timestamp::date AS b", (_one_of("2021-03-04T05:06:07.250"),)),
    ("SELECT $1::date AS a", (_one_of("2021-03-04", "1969-12-31"),)),
    ("SELECT $1::jsonb AS a, $1::json AS b", (_JSON,)),
    ("SELECT $1::uuid AS a", (_UUID,)),
    ("SELECT $1::int AS a, $2::text AS b, $3::jsonb AS c", (_NONE, _NONE, _NONE)),
    ('SELECT id, email FROM "User" WHERE id = ANY($1) ORDER BY id', (_INTS,)),
    ('SELECT id, name FROM "User" WHERE name = ANY($1::text[]) ORDER BY id', (_TEXTS,)),
    ('SELECT count(*) AS n, sum(age) AS s, avg(score) AS m FROM "User" WHERE id > $1', (_ID,)),
    ('SELECT role, active, birthday, seen_at, tags, meta FROM "User" WHERE id = $1', (_ID,)),
    ('SELECT * FROM "Kind" WHERE id = $1', (_ID,)),
    (
        "SELECT id, slug, price, rating FROM posts WHERE id <= $1 AND title <> $2 ORDER BY id",
        (_ID, _TEXT),
    ),
    ("SELECT ARRAY[1, 2]::int[] AS a, ARRAY['x', NULL]::text[] AS b, '{}'::bigint[] AS c", ()),
    ("SELECT 1::smallint AS a, 1.5::real AS b, '12:30'::time AS c, 'x'::char(3) AS d", ()),
    ("SELECT NULL AS a, 'text' AS b, 1 AS c, 2.5 AS d, true AS e, 3000000000 AS f", ()),
    ("SELECT 1 AS a WHERE false", ()),
    ("SELECT 1 / $1::int AS a", (_one_of(0, 1),)),
    ("SELECT $1::int AS a", (_one_of("word", "1"),)),
    ("SELECT nothing FROM nowhere", ()),
    ("SELEC 1", ()),
)
_TYPED: Final[tuple[tuple[str, str, tuple[Draw, ...]], ...]] = (
    ("Team", "SELECT * FROM teams WHERE id >= $1 ORDER BY id", (_ID,)),
    ("Category", 'SELECT * FROM "Category" WHERE id < $1 ORDER BY id', (_ID,)),
    ("Comment", 'SELECT * FROM "Comment" WHERE "postId" = $1 ORDER BY id', (_ID,)),
    ("Profile", 'SELECT * FROM "Profile" ORDER BY id', ()),
)
_STATEMENTS: Final[tuple[tuple[str, tuple[Draw, ...]], ...]] = (
    ('UPDATE "User" SET name = $1, age = $2 WHERE id = $3', (_TEXT, _INT, _ID)),
    ('UPDATE "User" SET meta = $1::jsonb WHERE id = $2', (_JSON, _ID)),
    ('UPDATE "User" SET meta = $1 WHERE id = $2', (_JSON, _ID)),
    (
        'UPDATE "User" SET seen_at = $1::timestamp WHERE id = $2',
        (_one_of("2021-05-06T07:08:09"), _ID),
    ),
    ('UPDATE "User" SET tags = $1 WHERE id = $2', (_TEXTS, _ID)),
    ('UPDATE "User" SET score = $1, big = $2 WHERE id = $3', (_FLOAT, _one_of(1, 2**40), _ID)),
    ('UPDATE "User" SET birthday = $1::date WHERE id = $2', (_one_of("2021-01-02", None), _ID)),
    ('UPDATE "User" SET active = $1 WHERE id > $2', (_BOOL, _ID)),
    ('UPDATE "User" SET role = $1::role WHERE id = $2', (_one_of("USER", "administrator"), _ID)),
    ("UPDATE teams SET budget = $1::numeric WHERE id = $2", (_one_of("1.25", 3, 2.5), _ID)),
    ('DELETE FROM "Comment" WHERE id = $1', (_ID,)),
    ('INSERT INTO "Group" (key, title) VALUES ($1, $2)', (_TEXT, _TEXT)),
    ('INSERT INTO "Category" (name, "parentId") VALUES ($1, $2)', (_TEXT, _ID)),
    ("UPDATE nowhere SET x = 1", ()),
)


class Raw:
    """Draws raw queries."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def call(self) -> Call:
        share = self._values.random.random()
        if share < 0.15:
            model, query, drawn = self._values.pick(_TYPED)
            action = self._values.pick(("query_raw", "query_first"))
            return self._drawn(model, action, query, drawn)
        if share < 0.65:
            query, drawn = self._values.pick(_QUERIES)
            return self._drawn("", self._values.pick(("query_raw", "query_first")), query, drawn)
        query, drawn = self._values.pick(_STATEMENTS)
        return self._drawn("", "execute_raw", query, drawn)

    def _drawn(self, model: str, action: str, query: str, drawn: tuple[Draw, ...]) -> Call:
        parameters = [draw(self._values) for draw in drawn]
        return Call(model, action, {"call": [query, *parameters]})
