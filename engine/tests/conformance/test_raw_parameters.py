"""Raw parameters mean what they meant to the original engine: it declared their types."""

import enum
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
import raw_matrix

from prisma_wasm import tagged
from prisma_wasm.preparing import Preparing
from prisma_wasm.statements import prepare_declared

from .subclasses import Dict, Float, Int, List, Moment, OwnDecimal, Text

_WRITTEN = raw_matrix.load()
_UUID = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def columns(sql: Any) -> AsyncIterator[None]:
    """The table of the matrix."""
    await sql.execute(raw_matrix.DEFINITION)
    yield
    await sql.execute(f"DROP TABLE {raw_matrix.TABLE}")


async def _one(db: Any, query: str, *parameters: Any) -> Any:
    (row,) = await db.query_raw(query, *parameters)
    (value,) = row.values()
    return value


@pytest.mark.usefixtures("columns")
@pytest.mark.parametrize("context", raw_matrix.CONTEXTS)
async def test_matrix(db: Any, prisma: Any, context: str) -> None:
    """Every value in this place gives what 5.17 gave, or what the matrix says is different."""
    expected = raw_matrix.expected(_WRITTEN, context)
    found = await raw_matrix.answers(db, prisma.fields, context, raw_matrix.VALUES)
    assert list(found) == list(expected)
    differing = {
        value: (answer, expected[value])
        for value, answer in found.items()
        if not raw_matrix.are_same(answer, expected[value])
    }
    assert not differing


class TestTypes:
    """Parameters have types of their own."""

    @pytest.mark.parametrize(
        ("query", "parameters", "expected"),
        [
            ("SELECT $1 AS n", (5,), 5),
            ("SELECT $1 AS n", (True,), True),
            ("SELECT $1 AS n", (1.5,), 1.5),
            ("SELECT GREATEST($1, $2) AS n", (5, 10), 10),
            ("SELECT 2147483600 + $1 AS n", (100,), 2147483700),
            ("SELECT to_jsonb($1) AS n", (5,), 5),
            ("SELECT jsonb_build_object('a', $1) AS n", (5,), {"a": 5}),
            ("SELECT jsonb_build_object('a', $1) AS n", ("5",), {"a": "5"}),
            ("SELECT concat($1, 'x') AS n", (5,), "5x"),
            ("SELECT $1::int AS n", (42.51,), 43),
            ("SELECT $1 + $2 AS n", (2**40, 0.5), 2**40 + 0.5),
        ],
    )
    async def test_without_a_cast(
        self, db: Any, query: str, parameters: tuple[Any, ...], expected: Any
    ) -> None:
        """Numbers are numbers wherever they stand; 5.17 declared int8 and numeric."""
        found = await _one(db, query, *parameters)
        assert (found, type(found)) == (expected, type(expected))

    async def test_another_type_in_the_same_statement(self, db: Any) -> None:
        """One text of SQL takes parameters of one type after another, and again."""
        for _ in range(2):
            for value in (5, "5", None, 1.5, True, [1], ["a"], {"a": 1}):
                assert await _one(db, "SELECT $1 AS v", value) == value

    async def test_exact_numbers(self, db: Any) -> None:
        """No digit is lost; 5.17 rounded floats to 16 digits."""
        for number in (1 / 3, 0.1 + 0.2, 1e-300, 123456789.123456789, 2.0**70):
            assert float(await _one(db, "SELECT $1::text AS v", number)) == number
        assert await _one(db, "SELECT $1::text AS v", 2**64 + 1) == str(2**64 + 1)

    async def test_not_finite_numbers(self, db: Any) -> None:
        """Numbers that JSON lacks can be sent; 5.17 could not read them."""
        assert await _one(db, "SELECT $1::text AS v", float("-inf")) == "-Infinity"
        assert await _one(db, "SELECT $1 = 'NaN' AS v", float("nan")) is True

    async def test_a_parameter_too_many(self, db: Any, prisma: Any) -> None:
        """What has a type but no place is accepted, as by 5.17; what has none is not."""
        assert await _one(db, "SELECT $1::int AS v", 1, 2) == 1
        with pytest.raises(prisma.errors.RawQueryError):
            await db.query_raw("SELECT $1::int AS other", 1, None)

    async def test_too_many_parameters(self, db: Any, prisma: Any) -> None:
        """More than 65,535, which the protocol cannot number, are an error of the query."""
        places = ", ".join(f"${number}" for number in range(1, 65_537))
        with pytest.raises(prisma.errors.PrismaError):
            await db.query_raw(f"SELECT 1 AS v WHERE 1 IN ({places})", *range(65_536))
        assert await _one(db, "SELECT $1 AS v", 1) == 1

    async def test_tagged_values(self, db: Any, prisma: Any) -> None:
        """Objects that name a type of Prisma's JSON are values of that type."""
        tagged = {"prisma__type": "bytes", "prisma__value": "AP8="}
        assert await _one(db, "SELECT pg_typeof($1)::text AS v", tagged) == "bytea"
        assert await _one(db, "SELECT length($1) AS v", tagged) == 2
        with pytest.raises(prisma.errors.PrismaError, match="bigint"):
            await db.query_raw(
                "SELECT $1 AS v", {"prisma__type": "bigint", "prisma__value": "many"}
            )

    @pytest.mark.parametrize(
        ("query", "value", "expected"),
        [
            ("SELECT 'ab'::char(5) = $1 AS v", "ab   ", False),
            ("SELECT 'ab'::char(5) = $1::char(5) AS v", "ab   ", True),
            ("SELECT $1::timestamp::text AS v", "2024-01-01T12:00:00+02:00", "2024-01-01 12:00:00"),
            (
                "SELECT ($1::timestamptz AT TIME ZONE 'UTC')::text AS v",
                "2024-01-01T12:00:00+02:00",
                "2024-01-01 10:00:00",
            ),
        ],
    )
    async def test_texts_are_texts(self, db: Any, query: str, value: str, expected: Any) -> None:
        """A text is of type text where that is accepted, as in 5.17; a cast names another."""
        assert await _one(db, query, value) == expected


class TestInferredTypes:
    """What 5.17 refused for its types is prepared again, with types inferred by PostgreSQL."""

    @pytest.mark.parametrize(
        ("query", "parameters", "expected"),
        [
            (f"SELECT '{_UUID}'::uuid = $1 AS v", (_UUID,), True),
            ("SELECT now() > $1 AS v", (datetime(2020, 1, 1, tzinfo=UTC),), True),
            ("SELECT 1.5::numeric = $1 AS v", (Decimal("1.50"),), True),
            ("SELECT 5 = $1 AS v", ("5",), True),
            ("SELECT make_interval(days => $1)::text AS v", (5,), "5 days"),
            ("SELECT '5' = ANY(ARRAY[$1, 'x'::text]) AS v", (5,), True),
        ],
    )
    async def test_columns_and_functions(
        self, db: Any, query: str, parameters: tuple[Any, ...], expected: Any
    ) -> None:
        """Texts for columns of other types, numbers for functions of int4."""
        assert await _one(db, query, *parameters) == expected

    async def test_numbers_keep_their_type(self, db: Any) -> None:
        """Beside a text that has to be inferred numbers are still numbers."""
        query = f"SELECT GREATEST($1, $2) AS v WHERE '{_UUID}'::uuid = $3"
        assert await _one(db, query, 5, 10, _UUID) == 10

    @pytest.mark.parametrize(
        ("query", "parameters", "expected"),
        [
            ("SELECT GREATEST($1, $2) AS v, left('abcdef', $3) AS t", (5, 10, 2), 10),
            ("SELECT LEAST($1, $2) AS v WHERE repeat('a', $3) = 'aa'", (9, 10, 2), 9),
            ("SELECT GREATEST($2, $3) AS v, upper($1) AS t, left('a', $4) AS u", (1, 5, 10, 2), 10),
            ("SELECT GREATEST($1, $2) AS v, left('a', $3) AS t", (2**40, 5, 1), 2**40),
            ("SELECT to_jsonb($1) AS v, left('abc', $2) AS t", (True, 2), True),
            ("SELECT '[1, 2]'::jsonb -> $1 AS v", (0,), 1),
            ("SELECT '[1, 2]'::jsonb -> $2 AS v, $1 AS n", (5, 0), 1),
            ("SELECT '[1, 2]'::jsonb -> $2 AS v, $1 AS n", (2**40, 0), 1),
            ("SELECT substring('abcdef', $1) AS v", (3,), "cdef"),
            ("SELECT (date '2024-01-01' + $1)::text AS v", (3,), "2024-01-04"),
            ("SELECT upper($1) AS v", (5,), "5"),
            ("SELECT upper($1) AS v, left('abc', $2) AS t", (5, 2), "5"),
        ],
    )
    async def test_numbers_are_not_read_as_texts(
        self, db: Any, query: str, parameters: tuple[Any, ...], expected: Any
    ) -> None:
        """Beside a number for a function of int4, which 5.17 refused, the others keep their type.

        Texts they are where nothing else is accepted.
        """
        for _ in range(2):
            (row,) = await db.query_raw(query, *parameters)
            assert (row["v"], type(row["v"])) == (expected, type(expected))
        async with db.tx() as tx:
            (row,) = await tx.query_raw(f"{query} -- again", *parameters)
            assert row["v"] == expected
            assert await _one(tx, "SELECT 1 AS v") == 1

    async def test_in_a_transaction(self, db: Any) -> None:
        """The refused attempt does not abort the transaction that it happens in."""
        await db.team.create(data={"id": 1, "name": "before"})
        async with db.tx() as tx:
            await tx.team.create(data={"id": 2, "name": "inside"})
            for _ in range(2):
                rows = await tx.query_raw('SELECT name FROM "Team" WHERE id = $1', "2")
                assert rows == [{"name": "inside"}]
            await tx.execute_raw('UPDATE "Team" SET name = $1 WHERE id = $2', "changed", "1")
        assert (await db.team.find_unique(where={"id": 1})).name == "changed"

    async def test_an_error_in_a_transaction(self, db: Any, prisma: Any) -> None:
        """A statement that is wrong with any types is an error, and aborts it, as ever."""

        async def fail_in(query: str) -> None:
            async with db.tx() as tx:
                with pytest.raises(prisma.errors.RawQueryError, match="no_such"):
                    await tx.query_raw(query, 5)
                with pytest.raises(prisma.errors.RawQueryError) as caught:
                    await tx.query_raw("SELECT 1")
                assert caught.value.meta["code"] == "25P02"

        for query in ("SELECT no_such_function($1)", "SELECT $1 FROM no_such_table"):
            with pytest.raises(prisma.errors.TransactionError):
                await fail_in(query)

    async def test_error(self, db: Any, prisma: Any) -> None:
        """The error is the one that 5.17 had: of the statement with its types."""
        with pytest.raises(prisma.errors.RawQueryError) as caught:
            await db.query_raw("SELECT no_such_function($1)", 5)
        assert "no_such_function(bigint)" in str(caught.value)

    async def test_without_named_statements(self, prisma: Any, url: str) -> None:
        """Statements that are not kept are prepared with their types each time."""
        separator = "&" if "?" in url else "?"
        unnamed = f"{url}{separator}statement_cache_size=0&connection_limit=1"
        async with prisma.Prisma(datasource={"url": unnamed}) as client:
            for _ in range(2):
                assert await _one(client, "SELECT GREATEST($1, $2) AS v", 5, 10) == 10
                assert await _one(client, f"SELECT '{_UUID}'::uuid = $1 AS v", _UUID) is True
            async with client.tx() as tx:
                for _ in range(2):
                    assert await _one(tx, "SELECT GREATEST($1, $2) AS v", 5, 20) == 20
                    assert await _one(tx, "SELECT date '2020-01-01' < $1 AS v", "2021-01-01")

    async def test_is_remembered(
        self, prisma: Any, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What PostgreSQL refused once is not tried again, on no connection of the client."""
        commands: list[str] = []

        async def run(connection: Any, sql: str) -> None:
            commands.append(sql.partition(" ")[0])
            await connection._raw.execute(sql)

        monkeypatch.setattr(Preparing, "_run", run)
        query = f"SELECT '{_UUID}'::uuid = $1 AS v"
        async with prisma.Prisma(datasource={"url": url}) as client:
            async with client.tx() as first, client.tx() as second:
                assert await _one(first, query, _UUID) is True
                assert commands == ["SAVEPOINT", "ROLLBACK"]
                assert await _one(second, query, _UUID) is True
                assert await _one(first, query, _UUID) is True
            assert await _one(client, query, _UUID) is True
        assert commands == ["SAVEPOINT", "ROLLBACK", "SAVEPOINT", "RELEASE"]

    async def test_is_remembered_whatever_the_tags(
        self, prisma: Any, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Tags of each request do not make a statement another one that may be refused."""
        attempts: list[str] = []

        async def prepare(connection: Any, wire: Any, sql: str, *rest: Any, **options: Any) -> Any:
            attempts.append(sql)
            return await prepare_declared(connection, wire, sql, *rest, **options)

        monkeypatch.setattr("prisma_wasm.preparing.prepare_declared", prepare)
        query = f"SELECT '{_UUID}'::uuid = $1 AS v"
        async with prisma.Prisma(datasource={"url": url}) as client:
            for number in range(3):
                with tagged(request=f"é{number}", route="/v1/me"):
                    assert await _one(client, query, _UUID) is True
        assert len(attempts) == 2 + 1 + 1

    @pytest.mark.parametrize("options", ["", "statement_cache_size=0"])
    async def test_what_is_remembered_changes(self, prisma: Any, url: str, options: str) -> None:
        """A table of the same name and other types does not abort another transaction."""
        separator = "&" if "?" in url else "?"
        other = f"{url}{separator}connection_limit=4&{options}"
        query = "SELECT count(*) AS v FROM changing WHERE x = $1"
        async with prisma.Prisma(datasource={"url": other}) as client, AsyncExitStack() as stack:
            for type_ in ("text", "uuid", "text", "uuid"):
                # Each has a connection of its own.
                tx = await stack.enter_async_context(client.tx())
                await tx.execute_raw(f"CREATE TEMP TABLE changing (x {type_}) ON COMMIT DROP")
                await tx.execute_raw("INSERT INTO changing VALUES ($1)", _UUID)
                assert await _one(tx, query, _UUID) == 1


class TestNone:
    """Statements whose parameters are None here and there."""

    async def test_few_statements(self, prisma: Any, url: str) -> None:
        """Each pattern of None does not become a statement of its own."""
        separator = "&" if "?" in url else "?"
        columns = "a int, b text, c uuid, d float8, e bool, f timestamptz, g jsonb, h text[]"
        row = (1, "x", _UUID, 1.5, True, datetime(2024, 1, 1, tzinfo=UTC), {"a": 1}, ["y"])
        query = "INSERT INTO sparse VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        async with (
            prisma.Prisma(datasource={"url": f"{url}{separator}connection_limit=1"}) as client,
            client.tx() as tx,
        ):
            await tx.execute_raw(f"CREATE TEMP TABLE sparse ({columns}) ON COMMIT DROP")
            for pattern in range(256):
                values = [v if pattern >> n & 1 else None for n, v in enumerate(row)]
                await tx.execute_raw(query, *values)
            count = "SELECT count(*) AS v FROM pg_prepared_statements WHERE statement = $1"
            assert await _one(tx, count, query) <= len(row) + 1
            for column in "abcdefgh":
                assert await _one(tx, f"SELECT count({column}) AS v FROM sparse") == 128

    async def test_other_types_stay(self, db: Any) -> None:
        """A type that stands for None changes no other parameter's type."""
        query = "SELECT GREATEST($1, $2) AS v"
        for values in ((5, 3), ("a", None), (None, 7), ("5", None), (None, "b"), (1, 2), (None, 5)):
            assert await _one(db, query, *values) == max(v for v in values if v is not None)

    async def test_lists_of_no_type(self, db: Any) -> None:
        """Only None takes the type of another time, no empty list."""
        query = "SELECT cardinality($1::text[]) AS v, $2 AS n"
        rows: list[tuple[list[str] | None, int | None]] = [
            (["a"], 1),
            ([], None),
            (["a", "b"], None),
            (None, 2),
            ([], 3),
        ]
        for values in rows:
            (row,) = await db.query_raw(query, *values)
            items, number = values
            assert row == {"v": None if items is None else len(items), "n": number}


class _Word(enum.StrEnum):
    FIVE = "5"


class _Mixed(str, enum.Enum):  # noqa: UP042 - what StrEnum is no subclass of
    FIVE = "5"


class _Number(enum.IntEnum):
    FIVE = 5


@pytest.mark.parametrize(
    ("value", "type_", "expected"),
    [
        (_Word.FIVE, "text", "5"),
        (_Mixed.FIVE, "text", "5"),
        (_Number.FIVE, "bigint", "5"),
        (Text("5"), "text", "5"),
        (Int(5), "bigint", "5"),
        (Float(1.5), "numeric", "1.5"),
        (List([1, 2]), "bigint[]", "{1,2}"),
        ((1, 2), "bigint[]", "{1,2}"),
        (Dict(a=1), "jsonb", '{"a": 1}'),
        (OwnDecimal("1.50"), "text", "1.50"),
        (Moment(2024, 2, 29, tzinfo=UTC), "text", "2024-02-29T00:00:00+00:00"),
        ([_Number.FIVE, 6], "bigint[]", "{5,6}"),
        ([_Word.FIVE, "x"], "text[]", "{5,x}"),
    ],
)
async def test_subclasses(db: Any, value: Any, type_: str, expected: str) -> None:
    """Values of subclasses are what JSON makes of them, as they were to 5.17."""
    assert await _one(db, "SELECT pg_typeof($1)::text AS v", value) == type_
    assert await _one(db, "SELECT $1::text AS v", value) == expected
