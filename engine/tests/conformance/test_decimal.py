"""Decimal and its native types: every digit, filters, lists, arithmetic."""

from decimal import Context, Decimal
from typing import Any

import pytest

from conformance.types import check_list_filters, found, list_there_and_back, there_and_back

NUMBERS = [
    "0",
    "1",
    "-1.5",
    "1.10",
    "0.1",
    "12345678901234567890123456789.123456789012345678901234567890",
    "-0.000000000000000000000000000001",
    "1E+20",
    "1E-20",
    "99999999999999999999.99",
    "100",
    "1000000000000000000000000000000",
]

_WIDE = Context(prec=70)


@pytest.mark.parametrize("text", NUMBERS)
async def test_values(db: Any, text: str) -> None:
    """Every digit comes back that the column keeps, and the number is found."""
    number = Decimal(text)
    kept = number.quantize(Decimal(1).scaleb(-30), context=_WIDE)
    answer = await there_and_back(db, "scalars", "dec", number)
    assert (answer, type(answer)) == (kept, Decimal)
    assert await db.scalars.count(where={"dec": kept}) == 4


async def test_numbers_of_other_types(db: Any) -> None:
    """Whole numbers, floats and texts of numbers are taken for decimals."""
    for value, expected in ((7, "7"), (0.1, "0.1"), ("1.25", "1.25"), (2**62, str(2**62))):
        row = await db.scalars.create(data={"dec": value})
        assert row.dec == Decimal(expected)


async def test_filters(db: Any) -> None:
    """Neighbours in the last digit are told apart."""
    one, second, third = (Decimal(f"1.00000000000000000000000000000{n}") for n in range(3))
    await db.scalars.create_many(data=[{"dec": number} for number in (one, second, third)])
    assert await found(db, "scalars", {"dec": {"gt": one}}) == [2, 3]
    assert await found(db, "scalars", {"dec": second}) == [2]
    assert await found(db, "scalars", {"dec": {"in": [Decimal(1), third]}}) == [1, 3]
    assert await found(db, "scalars", {"dec": {"not": Decimal("1.000")}}) == [2, 3]


async def test_arithmetic(db: Any) -> None:
    """Numbers change in the database, to the last digit."""
    row = await db.scalars.create(data={"dec": Decimal("0.1")})
    for operation, number, result in (
        ("increment", "0.2", "0.3"),
        ("decrement", "1.3", "-1"),
        ("multiply", "-1.5", "1.5"),
        ("divide", "3", "0.5"),
    ):
        row = await db.scalars.update(
            where={"id": row.id}, data={"dec": {operation: Decimal(number)}}
        )
        assert row.dec == Decimal(result)


async def test_lists(db: Any) -> None:
    """Lists of numbers."""
    numbers = [Decimal(text) for text in NUMBERS[:6]]
    for values in ([], numbers):
        assert await list_there_and_back(db, "decimals", values) == values


async def test_list_filters(db: Any) -> None:
    """Numbers in lists."""
    await check_list_filters(db, "decimals", Decimal("0.1"), Decimal("0.2"), Decimal("0.3"))


async def test_aggregates(db: Any) -> None:
    """Sums and averages keep their digits; group_by gives them as texts."""
    await db.scalars.create_many(data=[{"dec": Decimal("0.1")}, {"dec": Decimal("0.2")}])
    (group,) = await db.scalars.group_by(by=["bool"], sum={"dec": True}, avg={"dec": True})
    assert Decimal(group["_sum"]["dec"]) == Decimal("0.3")
    assert Decimal(group["_avg"]["dec"]) == Decimal("0.15")


async def test_native_types(db: Any, prisma: Any) -> None:
    """A column's scale rounds, its precision refuses; money has cents."""
    row = await db.native.create(
        data={"numeric": Decimal("12345678.12345"), "money": Decimal("1234.56")}
    )
    assert (row.numeric, row.money) == (Decimal("12345678.1235"), Decimal("1234.56"))
    assert await found(db, "native", {"numeric": {"lt": Decimal("12345678.12351")}}) == [row.id]
    assert await found(db, "native", {"money": Decimal("1234.56")}) == [row.id]
    assert await found(db, "native", {"money": {"gt": Decimal("1234.55")}}) == [row.id]
    with pytest.raises(prisma.errors.DataError):
        await db.native.create(data={"numeric": Decimal(123456789)})


async def test_not_a_number_in_the_database(db: Any, sql: Any) -> None:
    """NaN that others wrote does not break the rest of a record."""
    await sql.execute("""INSERT INTO "Scalars" ("string", "dec") VALUES ('a', 'NaN'), ('b', 2)""")
    rows = await db.scalars.find_many(where={"string": "b"})
    assert rows[0].dec == 2


@pytest.mark.parametrize("value", ["x", True, ""])
async def test_nothing_else_is_a_number(db: Any, prisma: Any, value: Any) -> None:
    """Neither words nor booleans."""
    with pytest.raises(prisma.errors.DataError):
        await db.scalars.create(data={"dec": value})
