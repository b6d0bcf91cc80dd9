"""String and its native types: values, lists, what is refused."""

# ruff: noqa: PT012 - each case has its own statement

from typing import Any

import pytest

from conformance.types import check_list_filters, found, list_there_and_back, there_and_back

TEXTS = [
    "",
    " ",
    "plain",
    'it\'s "quoted" \\ and \\n not a newline',
    "line\nfeed\r\n\ttab",
    "ünïcödé Ελληνικά 漢字 🦊 e\u0301",
    "\u202e\ufeff\u0001\x7f",
    "$1 {} {{x}} %s ; DROP TABLE",
    "null",
    "2024-01-01T00:00:00Z",
    '{"$type": "Param", "value": {"name": "p1"}}',
    "long " * 20_000,
]


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
async def test_values(db: Any, text: str) -> None:
    """Any text comes back as it was, and is found."""
    assert await there_and_back(db, "scalars", "string", text) == text
    assert await db.scalars.count(where={"string": text}) == 4


async def test_lists(db: Any) -> None:
    """Lists of texts."""
    for texts in ([], TEXTS, ["a", "a"], ["NULL", "{}", ",", '"']):
        assert await list_there_and_back(db, "strings", texts) == texts


async def test_list_filters(db: Any) -> None:
    """Texts in lists."""
    await check_list_filters(db, "strings", "a,b", 'c"', "z")


async def test_push(db: Any) -> None:
    """One or several at the end of a list, which may not be there yet."""
    row = await db.lists.create(data={"strings": ["a"]})
    row = await db.lists.update(where={"id": row.id}, data={"strings": {"push": "b"}})
    row = await db.lists.update(where={"id": row.id}, data={"strings": {"push": ["c", "d"]}})
    assert row.strings == ["a", "b", "c", "d"]
    row = await db.lists.update(where={"id": row.id}, data={"strings": ["e"]})
    assert row.strings == ["e"]


@pytest.mark.parametrize("where", ["create", "update", "create_many", "filter", "list"])
async def test_nul(db: Any, prisma: Any, where: str) -> None:
    """PostgreSQL knows no NUL in a text, and says so."""
    text = "a\x00b"
    row = await db.scalars.create(data={"string": "kept"})
    with pytest.raises(prisma.errors.DataError):
        match where:
            case "create":
                await db.scalars.create(data={"string": text})
            case "update":
                await db.scalars.update(where={"id": row.id}, data={"string": text})
            case "create_many":
                await db.scalars.create_many(data=[{"string": "x"}, {"string": text}])
            case "filter":
                await db.scalars.find_many(where={"string": {"contains": text}})
            case _:
                await db.lists.create(data={"strings": [text]})
    assert await db.scalars.find_many() == [row]


async def test_lone_surrogate(db: Any) -> None:
    """Half a character is no text."""
    with pytest.raises(Exception, match=r"surrogate|UTF-8|utf-8"):
        await db.scalars.create(data={"string": "\ud800"})
    assert await db.scalars.count() == 0


@pytest.mark.parametrize(
    ("field", "given", "stored"),
    [
        ("char", "ab", "ab   "),
        ("varchar", "ab", "ab"),
        ("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("inet", "192.168.0.1", "192.168.0.1"),
        ("inet", "2001:db8::1", "2001:db8::1"),
        ("bit", "10101010", "10101010"),
        ("varbit", "101", "101"),
        ("citext", "MiXed", "MiXed"),
    ],
)
async def test_native_types(db: Any, field: str, given: str, stored: str) -> None:
    """What the database makes of a text comes back; it is found again."""
    row = await db.native.create(data={field: given})
    assert getattr(row, field) == stored
    row = await db.native.update(where={"id": row.id}, data={field: given})
    assert getattr(row, field) == stored
    assert await found(db, "native", {field: given}) == [row.id]
    assert await found(db, "native", {field: {"in": [given]}}) == [row.id]


async def test_citext_has_no_case(db: Any) -> None:
    """A citext is equal to itself in other letters; parts of it are looked for as of any text."""
    row = await db.native.create(data={"citext": "MiXed"})
    assert await found(db, "native", {"citext": "mixed"}) == [row.id]
    assert await found(db, "native", {"citext": {"contains": "XE"}}) == []
    where = {"citext": {"contains": "XE", "mode": "insensitive"}}
    assert await found(db, "native", where) == [row.id]


async def test_too_long(db: Any, prisma: Any) -> None:
    """A text longer than its column is refused, and the column is named where it is known."""
    with pytest.raises(prisma.errors.DataError) as caught:
        await db.native.create(data={"varchar": "x" * 11})
    assert caught.value.code == "P2000"
    assert "too long" in str(caught.value)


@pytest.mark.parametrize(("field", "text"), [("uuid", "x"), ("inet", "x"), ("bit", "12")])
async def test_malformed(db: Any, prisma: Any, field: str, text: str) -> None:
    """A text that the type does not know is refused."""
    with pytest.raises(prisma.errors.DataError):
        await db.native.create(data={field: text})


async def test_native_lists(db: Any) -> None:
    """Lists of native types."""
    uuids = ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]
    assert await list_there_and_back(db, "uuids", uuids) == uuids
    made = await db.nativelists.create(
        data={"varchars": ["a", "b"], "inets": ["::1", "10.0.0.0/8"]}
    )
    assert (made.varchars, made.inets) == (["a", "b"], ["::1", "10.0.0.0/8"])
    assert await db.nativelists.count(where={"varchars": {"has": "b"}}) == 1
    assert await db.nativelists.count(where={"varchars": {"has_some": ["c"]}}) == 0


async def test_uuid_list_filters(db: Any) -> None:
    """UUIDs in lists."""
    one, two, other = (f"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1{n}" for n in range(3))
    await check_list_filters(db, "uuids", one, two, other)
