"""query_raw, query_first, execute_raw: parameters in, values out, errors."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel

from conformance.people import team_of_four
from prisma_wasm import exact_decimals

_MOMENT = datetime(2024, 2, 29, 12, 34, 56, 789000, tzinfo=UTC)


async def _one(db: Any, query: str, *parameters: Any) -> Any:
    (row,) = await db.query_raw(query, *parameters)
    (value,) = row.values()
    return value


class TestQuery:
    """query_raw and query_first."""

    async def test_rows(self, db: Any) -> None:
        """Rows are dicts by the names of their columns."""
        await team_of_four(db)
        rows = await db.query_raw('SELECT id, name AS n, "bossId" FROM "User" ORDER BY id')
        assert rows[1] == {"id": 2, "n": "Bob", "bossId": 1}
        assert len(rows) == 4
        assert await db.query_raw('SELECT * FROM "User" WHERE false') == []

    async def test_first(self, db: Any) -> None:
        """The first row, or None."""
        await team_of_four(db)
        row = await db.query_first('SELECT name FROM "User" ORDER BY id')
        assert row == {"name": "Ada"}
        assert await db.query_first("SELECT 1 AS n WHERE false") is None

    async def test_model(self, db: Any, prisma: Any) -> None:
        """Rows may be taken by a model of the client or by any other."""
        people = await team_of_four(db)
        query = 'SELECT * FROM "User" WHERE id = $1'
        bob = people["bob"]
        user = await db.query_first(query, bob.id, model=prisma.models.User)
        assert (user.email, user.tags, user.createdAt) == (bob.email, ["math"], bob.createdAt)

        class Name(BaseModel):
            name: str | None

        rows = await db.query_raw('SELECT name FROM "User" ORDER BY id', model=Name)
        assert [row.name for row in rows] == ["Ada", "Bob", None, "dot"]

    async def test_actions(self, db: Any) -> None:
        """A model's own actions give records of that model."""
        await team_of_four(db)
        users = await db.user.query_raw('SELECT * FROM "User" WHERE age = $1 ORDER BY id', 24)
        assert [user.id for user in users] == [2, 3]
        assert (
            await db.user.query_first('SELECT * FROM "User" ORDER BY id DESC LIMIT 1')
        ).name == "dot"
        assert await db.user.query_first('SELECT * FROM "User" WHERE false') is None

    async def test_empty_arrays_of_a_model(self, db: Any) -> None:
        """A list that was never given is an empty one in a model."""
        await db.lists.create(data={})
        row = await db.lists.query_first('SELECT * FROM "Lists"')
        assert (row.strings, row.ints, row.jsons) == ([], [], [])

    async def test_all_types_of_a_model(self, db: Any, prisma: Any) -> None:
        """A record read raw is the one that the client reads."""
        made = await db.strict.create(
            data={
                "string": "s",
                "bool": True,
                "int": 1,
                "big": 2**60 + 1,
                "float": 0.5,
                "dec": Decimal("1.5"),
                "moment": _MOMENT,
                "doc": prisma.Json({"a": [1, None]}),
                "blob": prisma.Base64.encode(b"\x00\xff"),
                "role": "USER",
            }
        )
        row = await db.strict.query_first('SELECT * FROM "Strict"')
        assert row == made

    async def test_exact_decimals(self, db: Any) -> None:
        """In a block of theirs decimals lose no digit, alone, in lists, as money and in a model."""
        digits = "12345678901234567890.123456789"
        plain = f"SELECT {digits} AS n, '-1.50'::money AS m, 1.5::float8 AS f"
        with exact_decimals():
            row = await db.query_first(f"{plain}, ARRAY[{digits}, NULL] AS l")
            made = await db.scalars.create(data={"dec": Decimal(digits)})
            found = await db.scalars.query_first('SELECT * FROM "Scalars"')
        number = Decimal(digits)
        assert row == {"n": number, "m": Decimal("-1.5"), "f": 1.5, "l": [number, None]}
        assert (found, found.dec) == (made, number)
        after = await db.query_first(plain)
        assert [type(value) for value in after.values()] == [float] * 3

    async def test_writes_that_return(self, db: Any) -> None:
        """RETURNING gives rows too."""
        value = await _one(db, """INSERT INTO "Team" (name) VALUES ('t') RETURNING name""")
        assert value == "t"
        assert await db.team.count() == 1

    async def test_same_name_twice(self, db: Any) -> None:
        """Of columns with the same name the last is left in the dict."""
        assert await db.query_raw("SELECT 1 AS n, 2 AS n") == [{"n": 2}]


class TestExecute:
    """execute_raw."""

    async def test_counts(self, db: Any) -> None:
        """The number of rows that were written."""
        await team_of_four(db)
        assert await db.execute_raw('UPDATE "User" SET age = age + $1 WHERE age = $2', 1, 24) == 2
        assert await db.execute_raw('DELETE FROM "Comment"') == 2
        assert await db.execute_raw('DELETE FROM "Comment"') == 0

    async def test_what_is_no_write(self, db: Any) -> None:
        """A SELECT counts its rows; definitions count none."""
        await team_of_four(db)
        assert await db.execute_raw('SELECT * FROM "User"') in (0, 4)
        assert await db.execute_raw("""COMMENT ON TABLE "User" IS 'people'""") == 0

    async def test_insert_select(self, db: Any) -> None:
        """Writes of many rows."""
        query = """INSERT INTO "Team" (name) SELECT 'team ' || n FROM generate_series(1, $1) n"""
        assert await db.execute_raw(query, 5) == 5


class TestParameters:
    """What may be given for $1, $2 ..."""

    @pytest.mark.parametrize(
        ("query", "parameter", "expected"),
        [
            ("SELECT $1::text AS v", "it's", "it's"),
            ("SELECT $1::text AS v", None, None),
            ("SELECT $1::int AS v", 7, 7),
            ("SELECT $1::bigint AS v", 2**62 + 1, 2**62 + 1),
            ("SELECT $1::bigint AS v", 5, 5),
            ("SELECT $1::bigint AS v", "5", 5),
            ("SELECT $1::int AS v", "5", 5),
            ("SELECT $1::smallint AS v", 5, 5),
            ("SELECT $1::float8 AS v", 3, 3.0),
            ("SELECT $1::float8 AS v", 0.1, 0.1),
            ("SELECT $1::float8 AS v", "2.5", 2.5),
            ("SELECT $1::numeric AS v", 1.25, 1.25),
            ("SELECT $1::numeric AS v", Decimal("1.25"), 1.25),
            ("SELECT $1::numeric AS v", "1.25", 1.25),
            ("SELECT $1::numeric AS v", 3, 3.0),
            ("SELECT $1::bool AS v", True, True),
            ("SELECT $1::text AS v", "5", "5"),
            (
                "SELECT $1::uuid::text AS v",
                "A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11",
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            ),
            (
                "SELECT ($1::timestamptz = '2024-02-29 12:34:56.789+00') AS v",
                "2024-02-29T12:34:56.789Z",
                True,
            ),
            ("SELECT ($1::timestamptz = '2024-02-29 12:34:56.789+00') AS v", _MOMENT, True),
            (
                "SELECT ($1::timestamp = '2024-02-29 12:34:56.789') AS v",
                "2024-02-29T12:34:56.789",
                True,
            ),
            ("SELECT ($1::timestamp = '2024-02-29 12:34:56.789') AS v", _MOMENT, True),
            ("SELECT ($1::date = '2024-02-29') AS v", "2024-02-29", True),
            ("SELECT ($1::date + 1)::text AS v", "2024-02-29", "2024-03-01"),
            ("SELECT ($1::time)::text AS v", "12:34:56", "12:34:56"),
            ("SELECT ($1::interval)::text AS v", "1 day", "1 day"),
            ("SELECT ($1::jsonb)->>'a' AS v", '{"a": "x"}', "x"),
            ("SELECT ($1::json)->>'a' AS v", '{"a": "x"}', "x"),
            ("SELECT ($1::inet)::text AS v", "10.0.0.1", "10.0.0.1/32"),
            ("SELECT 2 = ANY($1::int[]) AS v", [1, 2], True),
            ("SELECT 'b' = ANY($1::text[]) AS v", ["a", "b"], True),
            ("SELECT 2 = ANY($1::bigint[]) AS v", [1, 2], True),
            ("SELECT cardinality($1::text[]) AS v", [], 0),
            ("SELECT array_to_string($1::text[], ',', 'null') AS v", ["a", None], "a,null"),
            ("SELECT length($1) AS v", "abc", 3),
            ("SELECT $1 || 'x' AS v", "a", "ax"),
            ("SELECT 5 = $1 AS v", 5, True),
            ("SELECT coalesce($1::int, 9) AS v", None, 9),
        ],
        ids=str,
    )
    async def test_conversions(self, db: Any, query: str, parameter: Any, expected: Any) -> None:
        """A parameter becomes what the statement asks for."""
        value = await _one(db, query, parameter)
        assert (value, type(value)) == (expected, type(expected))

    async def test_of_the_client(self, db: Any, prisma: Any) -> None:
        """The client's own types are parameters too."""
        value = await _one(db, "SELECT ($1::jsonb)->'a' AS v", prisma.Json({"a": [1]}))
        assert value == [1]
        raw = prisma.Base64.encode(b"\x00\xff")
        assert await _one(db, "SELECT $1::text AS v", raw) == str(raw)

    async def test_columns(self, db: Any) -> None:
        """Parameters that go into columns take their types."""
        await db.execute_raw(
            'INSERT INTO "Strict" (string, bool, int, big, float, dec, moment, doc, blob, role)'
            " VALUES ($1, $2, $3, $4, $5, $6, $7::timestamp, $8::jsonb, '\\x00', $9::user_role)",
            "s",
            True,
            1,
            "9007199254740993",
            2,
            Decimal("0.1"),
            _MOMENT,
            json.dumps({"a": 1}),
            "administrator",
        )
        row = await db.strict.find_first()
        assert (row.big, row.float, row.dec, row.role) == (2**53 + 1, 2.0, Decimal("0.1"), "ADMIN")
        assert (row.moment, row.doc) == (_MOMENT, {"a": 1})

    async def test_many(self, db: Any) -> None:
        """The same parameter twice, and many of them."""
        assert await _one(db, "SELECT $1::int + $1::int + $2::int AS v", 2, 3) == 7
        places = "+".join(f"${n}::int" for n in range(1, 301))
        assert await _one(db, f"SELECT {places} AS v", *range(300)) == sum(range(300))

    async def test_injection(self, db: Any) -> None:
        """A parameter is never part of the statement."""
        await db.team.create(data={"name": "t"})
        text = 'x\'; DROP TABLE "Team"; --'
        assert await db.query_raw('SELECT * FROM "Team" WHERE name = $1', text) == []
        assert await db.team.count() == 1


class TestValues:
    """What columns of every type come back as."""

    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("1::int2", 1),
            ("1::int4", 1),
            ("9223372036854775807::int8", 2**63 - 1),
            ("1.5::float4", 1.5),
            ("0.1::float4", 0.1),
            ("0.1::float8", 0.1),
            ("12.50::numeric", 12.5),
            ("'12.50'::money", 12.5),
            ("'-1234.50'::money", -1234.5),
            ("true", True),
            ("'t'::text", "t"),
            ("'t'::varchar", "t"),
            ("'t'::char(3)", "t  "),
            ("'x'::name", "x"),
            ("'a'::\"char\"", "a"),
            ("NULL::int", None),
            ("NULL", None),
            (
                "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid",
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
            ),
            ("'2024-02-29 12:34:56.789'::timestamp", "2024-02-29T12:34:56.789+00:00"),
            ("'2024-02-29 12:34:56.789+02'::timestamptz", "2024-02-29T10:34:56.789+00:00"),
            ("'2024-02-29'::date", "2024-02-29"),
            ("'12:34:56'::time", "12:34:56"),
            ("'{\"a\": [1, null]}'::jsonb", {"a": [1, None]}),
            ("'{\"a\": 1}'::json", {"a": 1}),
            ("'null'::jsonb", None),
            ("'\"text\"'::jsonb", "text"),
            ("'\\x00ff'::bytea", "AP8="),
            ("'192.168.0.1'::inet", "192.168.0.1"),
            ("'10.0.0.0/8'::cidr", "10.0.0.0/8"),
            ("B'101'::bit(3)", "101"),
            ("B'101'::varbit", "101"),
            ("'USER'::user_role", "USER"),
            ("'administrator'::user_role", "administrator"),
            ("ARRAY[1,2]::int4[]", [1, 2]),
            ("ARRAY[1,9223372036854775807]::int8[]", [1, 2**63 - 1]),
            ("ARRAY['a',NULL]::text[]", ["a", None]),
            ("ARRAY[0.1,2]::float8[]", [0.1, 2.0]),
            ("ARRAY[1.5]::numeric[]", [1.5]),
            ("ARRAY[true,false]", [True, False]),
            ("ARRAY[]::int[]", []),
            ("ARRAY['{\"a\": 1}']::jsonb[]", [{"a": 1}]),
            ("ARRAY['USER','GUEST']::user_role[]", ["USER", "GUEST"]),
            ("ARRAY['2024-02-29']::date[]", ["2024-02-29"]),
            (
                "ARRAY['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']::uuid[]",
                ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
            ),
            ("5::oid", 5),
            ("count(*)", 1),
            ("sum(2)", 2),
            ("avg(2)", 2.0),
            ("'MiXed'::citext", "MiXed"),
        ],
        ids=str,
    )
    async def test_types(self, db: Any, expression: str, expected: Any) -> None:
        """Numbers as numbers, moments and bytes as texts, documents as what they say."""
        value = await _one(db, f"SELECT {expression} AS v")
        assert (value, type(value)) == (expected, type(expected))

    async def test_microseconds(self, db: Any) -> None:
        """Moments keep what their column keeps."""
        value = await _one(db, "SELECT '2024-02-29 12:34:56.123456+00'::timestamptz AS v")
        assert datetime.fromisoformat(value).microsecond in (123456, 123000)

    async def test_what_prisma_does_not_know(self, db: Any, prisma: Any) -> None:
        """A type that cannot be read is an error that names it, and a cast to text helps."""
        with pytest.raises(prisma.errors.RawQueryError) as caught:
            await db.query_raw("SELECT '1 day'::interval AS v")
        assert "interval" in str(caught.value)
        assert await _one(db, "SELECT '1 day'::interval::text AS v") == "1 day"
        assert await _one(db, "SELECT to_tsvector('a b')::text AS v") is not None


class TestErrors:
    """What goes wrong."""

    @pytest.mark.parametrize(
        ("query", "parameters", "code"),
        [
            ("SELEC 1", (), "42601"),
            ("SELECT * FROM nowhere", (), "42P01"),
            ('SELECT nothing FROM "User"', (), "42703"),
            ("SELECT 1 / 0", (), "22012"),
            ("SELECT 'x'::int", (), "22P02"),
            ("""INSERT INTO "Team" (id, name) VALUES (1, 'a'), (1, 'b')""", (), "23505"),
            ("""INSERT INTO "Profile" (bio, "userId") VALUES ('b', 77)""", (), "23503"),
            ("""INSERT INTO "Team" (name) VALUES (NULL)""", (), "23502"),
            ("DO $$ BEGIN RAISE EXCEPTION 'own words'; END $$", (), "P0001"),
        ],
    )
    async def test_codes(
        self, db: Any, prisma: Any, query: str, parameters: tuple[Any, ...], code: str
    ) -> None:
        """The database's own code and message are in the error."""
        for run in (db.query_raw, db.execute_raw):
            with pytest.raises(prisma.errors.RawQueryError) as caught:
                await run(query, *parameters)
            assert caught.value.code == "P2010"
            assert caught.value.meta["code"] == code
            assert caught.value.meta["message"] in str(caught.value)

    async def test_wrong_number_of_parameters(self, db: Any, prisma: Any) -> None:
        """Too few are told."""
        for parameters in ((), (1,)):
            with pytest.raises(prisma.errors.DataError):
                await db.query_raw("SELECT $1::int + $2::int AS v", *parameters)

    async def test_wrong_type_of_parameter(self, db: Any, prisma: Any) -> None:
        """What cannot be converted is refused, and nothing is broken by it."""
        with pytest.raises(prisma.errors.DataError):
            await db.query_raw("SELECT $1::int AS v", "seven")
        assert await _one(db, "SELECT $1::int AS v", 7) == 7

    async def test_parameter_that_is_none_at_all(self, db: Any) -> None:
        """An object of any class is no parameter."""
        with pytest.raises(TypeError, match="not serializable"):
            await db.query_raw("SELECT $1::text AS v", object())

    async def test_several_statements(self, db: Any, prisma: Any) -> None:
        """One call is one statement."""
        with pytest.raises(prisma.errors.RawQueryError):
            await db.query_raw("SELECT 1; SELECT 2")


async def test_date_and_uuid_objects(db: Any) -> None:
    """Objects that JSON does not know are refused as the client always did."""
    for value in (date(2024, 2, 29), UUID(int=1)):
        with pytest.raises(TypeError, match="not serializable"):
            await db.query_raw("SELECT $1::text AS v", value)
