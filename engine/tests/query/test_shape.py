"""Shapes: what is the same for every value, and nothing of the values."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from prisma_wasm.inputs import Inputs
from prisma_wasm.protocol import Known, Lifted, lift, query_of
from prisma_wasm.schema import read

SCHEMA = """
datasource db {
  provider = "postgresql"
  url      = env("SOME_URL")
}

enum Role {
  USER
  ADMIN @map("administrator")
}

model User {
  id      Int      @id
  email   String   @unique // with a "//" in a comment
  role    Role     @default(USER)
  born    DateTime
  seen    DateTime @db.Timestamptz(6)
  score   Decimal?
  tags    String[]
  doc     Json?
  posts   Post[]

  @@unique([email, born], name: "email_born")
}

model Post {
  id       Int   @id
  authorId Int?
  author   User? @relation(fields: [authorId], references: [id])
}
"""


class _User:
    __prisma_model__ = "User"


class _Post:
    __prisma_model__ = "Post"


class _Models:
    """What a generated package would say of its models."""

    def known(self, model: type[Any]) -> Known:
        return Known(model.__prisma_model__, ("id", "email") if model is _User else ("id",))

    def related(self, model: type[Any], field: str) -> type[Any]:
        del field
        return _Post if model is _User else _User


INPUTS = Inputs(read(SCHEMA))


def lifted_of(method: str, **arguments: Any) -> Lifted:
    return lift(INPUTS, _Models(), method, arguments, _User, None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"id": 1}, {"id": 2}),
        ({"email": "a"}, {"email": ""}),
        ({"email": {"contains": "x", "mode": "insensitive"}},) * 2,
        ({"id": {"in": [1, 2, 3]}}, {"id": {"in": [9]}}),
        ({"role": "USER"}, {"role": "ADMIN"}),
        ({"score": Decimal("1.5")}, {"score": Decimal(-7)}),
        ({"posts": {"some": {"id": {"gt": 1}}}}, {"posts": {"some": {"id": {"gt": 2}}}}),
        ({"tags": {"has_some": ["a"]}}, {"tags": {"has_some": ["b", "c"]}}),
        ({"OR": [{"id": 1}, {"email": "x"}]}, {"OR": [{"id": 3}, {"email": "y"}]}),
        ({"doc": {"path": ["a"], "gt": "1"}}, {"doc": {"path": ["b"], "gt": "2.5"}}),
    ],
)
def test_values_make_no_shape(one: Any, other: Any) -> None:
    """Queries that differ in values alone have one shape, and its JSON shows no value."""
    first, second = lifted_of("find_many", where=one), lifted_of("find_many", where=other)
    assert first.key == second.key
    assert hash(first.key) == hash(second.key)
    assert query_of(first)[0] == query_of(second)[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"where": {"score": None}}, {"where": {"score": Decimal(1)}}),
        ({"where": {"id": {"in": []}}}, {"where": {"id": {"in": [1]}}}),
        ({"take": 1}, {"take": -1}),
        ({"skip": 0}, {"skip": 1}),
        ({"order": {"id": "asc"}}, {"order": {"id": "desc"}}),
        ({"where": {"id": 1}}, {"where": {"email": "x"}}),
        ({"include": {"posts": True}}, {"include": {"posts": {"take": 1}}}),
    ],
)
def test_structure_makes_shapes(one: dict[str, Any], other: dict[str, Any]) -> None:
    """What changes the plan is in the shape: nulls, empty lists, directions, names."""
    names = {"order": "order_by"}
    keys = [
        lifted_of(
            "find_many", **{names.get(name, name): value for name, value in given.items()}
        ).key
        for given in (one, other)
    ]
    assert keys[0] != keys[1]


def test_no_value_in_the_query() -> None:
    """Not one of the values, in any position, is in what the compiler sees."""
    lifted = lifted_of(
        "find_many",
        where={
            "email": "secret-1",
            "id": {"in": [777001, 777002]},
            "doc": {"path": ["secret-2"], "string_contains": "secret-3"},
            "role": "ADMIN",
            "score": {"gt": Decimal("777.003")},
        },
        take=777004,
        skip=777005,
        cursor={"email_born": {"email": "secret-4", "born": datetime(1977, 7, 7, tzinfo=UTC)}},
        include={"posts": {"where": {"id": 777006}, "take": 777007}},
    )
    seen = str(query_of(lifted)[0])
    assert not lifted.values.has_literals
    assert not any(part in seen for part in ("secret", "777", "1977", "administrator", "ADMIN"))


def test_values_are_in_the_drivers_forms() -> None:
    """Dates are aware and cut to their columns' precision; enums have the database's names."""
    moment = datetime(2020, 1, 2, 3, 4, 5, 678901)  # noqa: DTZ001  # one without a zone is UTC
    lifted = lifted_of("find_many", where={"born": moment, "seen": moment, "role": "ADMIN"})
    exact = moment.replace(tzinfo=UTC)
    assert lifted.values == [exact.replace(microsecond=678000), exact, "administrator"]


def test_equal_values_of_an_upsert_share_a_name() -> None:
    """Only then may the compiler use PostgreSQL's own upsert."""
    data = {"id": 1, "email": "a", "born": datetime(2020, 1, 1, tzinfo=UTC)}
    same = lifted_of("upsert", where={"email": "a"}, create=data, update={})
    other = lifted_of("upsert", where={"email": "b"}, create=data, update={})
    assert same.key != other.key
    create = query_of(same)[0]["query"]["arguments"]["create"]
    assert create["email"]["value"]["name"] == "%0"


def test_what_fits_no_slot_is_not_kept() -> None:
    """A value of a wrong type stays in, for the compiler to refuse; its shape is marked."""
    for where in ({"id": "x"}, {"nonsense": 1}, {"born": "yesterday"}, {"role": "KING"}):
        assert lifted_of("find_many", where=where).values.has_literals


def test_unserializable_values_are_refused() -> None:
    """In the words of the client's own builder."""
    with pytest.raises(TypeError, match="not serializable"):
        lifted_of("find_many", where={"email": object()})
