"""group_by: groups of equal values and what is true of them together."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from conformance.people import team_of_four


async def test_one_field(db: Any) -> None:
    """A group for each value, NULL included; the count is on when nothing else is asked."""
    await team_of_four(db)
    groups = await db.user.group_by(by=["age"], order={"age": "asc"})
    assert [group["age"] for group in groups] == [24, 36, None]
    groups = await db.user.group_by(by=["age"], count=True, order={"age": "asc"})
    assert groups == [
        {"age": 24, "_count": {"_all": 2}},
        {"age": 36, "_count": {"_all": 1}},
        {"age": None, "_count": {"_all": 1}},
    ]


async def test_several_fields(db: Any) -> None:
    """A group for each combination."""
    await team_of_four(db)
    groups = await db.user.group_by(
        by=["role", "active"], count=True, order=[{"role": "asc"}, {"active": "asc"}]
    )
    assert groups == [
        {"role": "USER", "active": False, "_count": {"_all": 1}},
        {"role": "USER", "active": True, "_count": {"_all": 2}},
        {"role": "ADMIN", "active": True, "_count": {"_all": 1}},
    ]


async def test_aggregates(db: Any) -> None:
    """Sum, average, least, greatest and count of each group."""
    await team_of_four(db)
    groups = await db.post.group_by(
        by=["title"],
        sum={"views": True, "rating": True},
        avg={"views": True, "rating": True},
        min={"views": True, "body": True},
        max={"views": True, "title": True},
        count={"_all": True, "rating": True},
        order={"title": "asc"},
    )
    assert groups == [
        {
            "title": "Engines",
            "_sum": {"views": 31, "rating": 6.5},
            "_avg": {"views": 15.5, "rating": 3.25},
            "_min": {"views": 1, "body": None},
            "_max": {"views": 30, "title": "Engines"},
            "_count": {"_all": 2, "rating": 2},
        },
        {
            "title": "Notes",
            "_sum": {"views": 5, "rating": None},
            "_avg": {"views": 5.0, "rating": None},
            "_min": {"views": 5, "body": None},
            "_max": {"views": 5, "title": "Notes"},
            "_count": {"_all": 1, "rating": 0},
        },
    ]
    assert type(groups[1]["_avg"]["views"]) is float


async def test_where_take_and_skip(db: Any) -> None:
    """Records are filtered before, groups are counted off after."""
    await team_of_four(db)
    groups = await db.user.group_by(
        by=["email"], where={"active": True}, order={"email": "desc"}, take=1, skip=1
    )
    assert groups == [{"email": "bob@example.com"}]


async def test_having(db: Any) -> None:
    """Groups are filtered by their value and by their aggregates."""
    await team_of_four(db)
    groups = await db.user.group_by(
        by=["age"], count=True, having={"age": {"_count": {"gt": 1}}}, order={"age": "asc"}
    )
    assert [group["age"] for group in groups] == [24]
    groups = await db.post.group_by(
        by=["title"],
        having={"OR": [{"views": {"_avg": {"lt": 6}}}, {"rating": {"_max": {"gte": 100}}}]},
        order={"title": "asc"},
    )
    assert groups == [{"title": "Notes"}]
    groups = await db.post.group_by(
        by=["title"], having={"title": {"startswith": "E"}}, order={"title": "asc"}
    )
    assert groups == [{"title": "Engines"}]
    groups = await db.post.group_by(
        by=["title"], having={"NOT": [{"views": {"_sum": {"equals": 31}}}]}
    )
    assert groups == [{"title": "Notes"}]


async def test_order_by_aggregates(db: Any) -> None:
    """Groups are ordered by what is true of them."""
    await team_of_four(db)
    groups = await db.post.group_by(by=["title"], order={"_sum": {"views": "asc"}})
    assert [group["title"] for group in groups] == ["Notes", "Engines"]
    groups = await db.post.group_by(by=["title"], order={"_count": {"title": "desc"}})
    assert [group["title"] for group in groups] == ["Engines", "Notes"]


async def test_types_of_values(db: Any, prisma: Any) -> None:
    """Values come as JSON would carry them, for a group_by has no model."""
    await db.strict.create(
        data={
            "string": "s",
            "bool": True,
            "int": 1,
            "big": 2**60,
            "float": 0.5,
            "dec": Decimal("1.50"),
            "moment": datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=UTC),
            "doc": prisma.Json({"a": 1}),
            "blob": prisma.Base64.encode(b"\x00\xff"),
            "role": "ADMIN",
        }
    )
    groups = await db.strict.group_by(
        by=["string", "bool", "int", "big", "float", "dec", "moment", "blob", "role"],
        sum={"big": True, "dec": True},
        avg={"big": True, "dec": True},
        max={"moment": True},
    )
    assert groups == [
        {
            "string": "s",
            "bool": True,
            "int": 1,
            "big": groups[0]["big"],
            "float": 0.5,
            "dec": "1.5",
            "moment": "2024-01-02T03:04:05.678Z",
            "blob": "AP8=",
            "role": "ADMIN",
            "_sum": {"big": groups[0]["_sum"]["big"], "dec": "1.5"},
            "_avg": {"big": float(2**60), "dec": "1.5"},
            "_max": {"moment": "2024-01-02T03:04:05.678Z"},
        }
    ]
    assert int(groups[0]["big"]) == int(groups[0]["_sum"]["big"]) == 2**60


async def test_mapped_names(db: Any) -> None:
    """Names that differ in the database are the client's."""
    await db.mapped.create_many(
        data=[{"givenName": n, "select": n + "x", "uniqueCode": n} for n in "ab"]
    )
    groups = await db.mapped.group_by(
        by=["givenName"], max={"select": True}, order={"givenName": "desc"}
    )
    assert groups == [
        {"givenName": "b", "_max": {"select": "bx"}},
        {"givenName": "a", "_max": {"select": "ax"}},
    ]


async def test_nothing(db: Any) -> None:
    """No records, no groups."""
    assert await db.user.group_by(by=["age"], count=True, sum={"age": True}) == []


async def test_take_without_order(db: Any, prisma: Any) -> None:
    """Taking some of the groups needs an order."""
    with pytest.raises((prisma.errors.DataError, TypeError)):
        await db.user.group_by(by=["age"], take=1)


async def test_large_integers(db: Any) -> None:
    """BigInt values are texts, as in the JSON of 5.17's GraphQL protocol; Int values are not."""
    for big in (2**53 + 1, 2**53 + 1, 5):
        await db.scalars.create(data={"int": 7, "big": big})
    groups = await db.scalars.group_by(by=["big"], count=True, order={"big": "asc"})
    assert groups == [
        {"big": "5", "_count": {"_all": 1}},
        {"big": "9007199254740993", "_count": {"_all": 2}},
    ]
    groups = await db.scalars.group_by(
        by=["int"], sum={"big": True, "int": True}, min={"big": True}, max={"big": True}
    )
    assert groups == [
        {
            "int": 7,
            "_sum": {"big": "18014398509481991", "int": 21},
            "_min": {"big": "5"},
            "_max": {"big": "9007199254740993"},
        }
    ]


async def test_documents(db: Any, prisma: Any) -> None:
    """Groups of documents, in PostgreSQL's order; as text without blanks, as from 5.17."""
    documents: list[Any] = [{"a": [1, "x y", {"ü": None}]}, 1.5, 'a, b: "c"', [], True]
    for document in documents:
        await db.scalars.create(data={"doc": prisma.Json(document)})
    await db.scalars.create(data={})
    groups = await db.scalars.group_by(by=["doc"], order={"doc": "asc"})
    assert [group["doc"] for group in groups] == [
        "[]",
        '"a, b: \\"c\\""',
        "1.5",
        "true",
        '{"a":[1,"x y",{"ü":null}]}',
        None,
    ]


@pytest.mark.parametrize("order", [None, {"plainJson": "asc"}])
async def test_documents_without_equality(
    db: Any, prisma: Any, order: dict[str, Any] | None
) -> None:
    """A column of type `json` has no equality and no order: PostgreSQL's error, as from 5.17."""
    await db.native.create(data={"plainJson": prisma.Json({"a": 1})})
    with pytest.raises(prisma.errors.DataError, match="operator for type json"):
        await db.native.group_by(by=["plainJson"], order=order)
    with pytest.raises(prisma.errors.DataError, match="operator for type json"):
        await db.native.find_many(order={"plainJson": "asc"})
