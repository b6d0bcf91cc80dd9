"""Subclasses of the client's types, and types that an application registers with `serializer`."""

import enum
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from .subclasses import Dict, Float, Int, List, Moment, OwnDecimal, Text

_ID = UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
_MOMENT = datetime(2024, 2, 29, 12, 34, 56, 789000, tzinfo=UTC)


class _Role(enum.StrEnum):
    ADMIN = "ADMIN"


class _Age(enum.IntEnum):
    YOUNG = 24


class _Point:
    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = x, y


@pytest.fixture(scope="module")
def safe_json(prisma: Any) -> Any:
    """A subclass of Json, as applications write it."""

    class SafeJson(prisma.Json):
        pass

    return SafeJson


@pytest.fixture(scope="module")
def own_base64(prisma: Any) -> Any:
    """A subclass of Base64."""

    class OwnBase64(prisma.Base64):
        pass

    return OwnBase64


@pytest.fixture
def serializer(generated: Any, prisma: Any) -> Iterator[Any]:
    """The client's serializer; what a test registers is taken back."""
    found = __import__(f"{prisma.__name__}._builder", fromlist=["serializer"]).serializer
    before = dict(found.registry)
    yield found
    for kind in set(found.registry) - set(before):
        found.register(kind, before[object])
    for kind, function in before.items():
        found.register(kind, function)


class TestSubclasses:
    """Values of subclasses are taken as those of their class; 5.17's client did so."""

    async def test_data(self, db: Any, safe_json: Any, own_base64: Any) -> None:
        """In what is written."""
        made = await db.strict.create(
            data=Dict(
                string=Text("s"),
                bool=True,
                int=Int(1),
                big=Int(2**60),
                float=Float(0.5),
                dec=OwnDecimal("1.5"),
                moment=Moment(2024, 2, 29, 12, 34, 56, 789000, tzinfo=UTC),
                doc=safe_json({"a": List([Int(1), Text("x"), _Role.ADMIN, _Age.YOUNG])}),
                blob=own_base64.encode(b"\x00\xff"),
                role=_Role.ADMIN,
            )
        )
        found = await db.strict.find_first()
        assert found == made
        assert (found.string, found.int, found.big, found.float) == ("s", 1, 2**60, 0.5)
        assert (found.dec, found.moment, found.role) == (Decimal("1.5"), _MOMENT, "ADMIN")
        assert found.doc == {"a": [1, "x", "ADMIN", 24]}
        assert found.blob.decode() == b"\x00\xff"

    async def test_many(self, db: Any, safe_json: Any) -> None:
        """In rows of create_many and in lists."""
        rows = [{"int": _Age.YOUNG, "doc": safe_json([n])} for n in range(3)]
        assert await db.scalars.create_many(data=List(rows)) == 3
        await db.lists.create(
            data={
                "ints": List([_Age.YOUNG, 1]),
                "jsons": [safe_json({"a": 1}), safe_json(None)],
                "decimals": [OwnDecimal("0.1")],
            }
        )
        row = await db.lists.find_first(where={"ints": {"has": _Age.YOUNG}})
        assert (row.ints, row.decimals) == ([24, 1], [Decimal("0.1")])
        assert row.jsons == [{"a": 1}, None]

    async def test_filters(self, db: Any, safe_json: Any, own_base64: Any) -> None:
        """In filters of every type."""
        await db.scalars.create(
            data={
                "string": "s",
                "int": 24,
                "big": 24,
                "float": 0.5,
                "dec": "1.5",
                "moment": _MOMENT,
                "doc": safe_json({"a": 1}),
                "blob": own_base64.encode(b"x"),
                "role": "ADMIN",
            }
        )
        filters: list[dict[str, Any]] = [
            {"string": Text("s")},
            {"string": {"in": List([Text("s")])}},
            {"int": _Age.YOUNG},
            {"int": {"in": [_Age.YOUNG]}},
            {"big": {"equals": _Age.YOUNG}},
            {"float": {"lt": Float(1)}},
            {"dec": OwnDecimal("1.50")},
            {"moment": Moment(2024, 2, 29, 12, 34, 56, 789000, tzinfo=UTC)},
            {"doc": {"equals": safe_json({"a": 1})}},
            {"doc": {"not": safe_json({"a": 2})}},
            {"doc": {"path": ["a"], "gte": safe_json(1)}},
            {"blob": {"equals": own_base64.encode(b"x")}},
            {"role": _Role.ADMIN},
            {"role": {"in": [_Role.ADMIN]}},
        ]
        for where in filters:
            assert await db.scalars.count(where=where) == 1, where
        assert await db.scalars.count(where={"doc": {"equals": safe_json({"a": 2})}}) == 0
        assert len(await db.scalars.find_many(take=_Age.YOUNG, skip=Int(0))) == 1

    async def test_raw(self, db: Any, safe_json: Any, own_base64: Any) -> None:
        """In raw queries."""
        row = await db.query_first(
            "SELECT ($1::jsonb)->'a' AS j, $2 AS b", safe_json({"a": 1}), own_base64.encode(b"x")
        )
        assert row == {"j": 1, "b": "eA=="}

    async def test_no_plan_for_each_value(self, db: Any, prisma: Any) -> None:
        """Their values are parameters of one plan, as those of the classes themselves."""
        engine = db._engine.engine
        await db.scalars.find_first(where={"int": 1})
        compiled = engine._plans.metrics.misses
        for number in range(20):
            await db.scalars.find_first(where={"int": Int(number)})
        assert engine._plans.metrics.misses == compiled


class TestRegistered:
    """Types that an application registers go wherever a value may stand, as in 5.17's client."""

    async def test_own_type(self, db: Any, prisma: Any, serializer: Any) -> None:
        """In data, inside of documents, in filters and in raw queries."""
        with pytest.raises(TypeError, match="not serializable"):
            await db.scalars.create(data={"string": _ID})

        @serializer.register(UUID)
        def _(value: UUID) -> str:
            return str(value)

        @serializer.register(_Point)
        def _(value: _Point) -> dict[str, Any]:
            return {"x": value.x, "y": value.y}

        doc = prisma.Json({"id": _ID, "points": [_Point(1, 2)]})
        await db.scalars.create(data={"string": _ID, "doc": doc})
        row = await db.scalars.find_first(where={"string": _ID, "doc": {"equals": doc}})
        assert row.doc == {"id": str(_ID), "points": [{"x": 1, "y": 2}]}
        assert await db.scalars.count(where={"string": {"in": [_ID, "other"]}}) == 1
        assert await db.uuidowner.count(where={"id": _ID}) == 0
        raw = await db.query_first("SELECT $1::uuid AS i, $2 AS p", _ID, _Point(3, 4))
        assert raw == {"i": str(_ID), "p": {"x": 3, "y": 4}}
        assert await db.query_raw("SELECT 1 AS n WHERE $1::uuid = ANY($2)", _ID, [_ID])

    async def test_dates(self, db: Any, serializer: Any) -> None:
        """A type whose text is that of a moment can be written to a DateTime field."""

        @serializer.register(date)
        def _(value: date) -> str:
            return f"{value.isoformat()}T00:00:00Z"

        await db.scalars.create(data={"moment": date(2024, 2, 29)})
        row = await db.scalars.find_first(where={"moment": {"gte": date(2024, 2, 29)}})
        assert row.moment == datetime(2024, 2, 29, tzinfo=UTC)

    async def test_in_place_of_a_known_type(self, db: Any, prisma: Any, serializer: Any) -> None:
        """A function for a type of the client's own takes the place of the client's."""

        @serializer.register(datetime)
        def _(value: datetime) -> str:
            return "2000-01-01T00:00:00Z"

        @serializer.register(prisma.Json)
        def _(value: Any) -> str:
            return '{"replaced": true}'

        row = await db.scalars.create(data={"moment": _MOMENT, "doc": prisma.Json({"a": 1})})
        assert (row.moment.year, row.doc) == (2000, {"replaced": True})
        found = await db.query_first("SELECT $1 AS m, $2 AS d", _MOMENT, prisma.Json(1))
        assert found == {"m": "2000-01-01T00:00:00Z", "d": '{"replaced": true}'}
        assert await db.scalars.count(where={"moment": _MOMENT}) == 1

    async def test_subclass_of_a_registered_type(self, db: Any, serializer: Any) -> None:
        """Subclasses are dispatched to their base's function."""

        class Polar(_Point):
            pass

        @serializer.register(_Point)
        def _(value: _Point) -> str:
            return f"{value.x},{value.y}"

        row = await db.scalars.create(data={"string": Polar(1, 2)})
        assert row.string == "1,2"
