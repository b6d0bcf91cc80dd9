"""The search for users by the beginning of their address."""

import pytest

from app.access import Capability
from tests.fix_access import make_capable
from tests.fix_api import Api, Person
from tests.fix_cursors import moved
from tests.fix_database import run_sql
from tests.fix_work import Counter


async def search(reader: Person, prefix: str, **query: str | int) -> list[str]:
    """Return the addresses that a search finds, all pages together."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        params = {"email": prefix, **query, **({"cursor": cursor} if cursor else {})}
        answer = await reader.get("/v1/users", params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [user["email"] for user in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            return found


async def create_users(api: Api, *emails: str) -> None:
    await api.owner.user.create_many([{"email": email} for email in emails])


@pytest.fixture
async def reader(api: Api) -> Person:
    return await make_capable(api, "reader", Capability.USERS_READ)


async def test_a_prefix_selects(api: Api, reader: Person):
    """Case and surrounding spaces are ignored; the order is alphabetical."""
    await create_users(api, "ab@example.com", "abc@example.com", "aba@example.com", "ac@b.ab")

    assert await search(reader, "ab") == ["ab@example.com", "aba@example.com", "abc@example.com"]
    assert await search(reader, " ABC@ex ") == ["abc@example.com"]
    assert await search(reader, "abd") == []


async def test_an_account_is_shown_without_its_secrets(api: Api, reader: Person):
    """The search and the user's own path show the same fields."""
    await api.person("bob")

    (found,) = (await reader.get("/v1/users?email=bob")).json()["items"]

    assert found.keys() == {"id", "email", "emailConfirmedAt", "name", "createdAt"}
    assert (await reader.get(f"/v1/users/{found['id']}")).json() == found


async def test_no_character_is_a_wildcard(api: Api, reader: Person):
    """What LIKE would understand, and other special characters, stand for themselves."""
    await create_users(api, "a_b@example.com", "axb@example.com", "a%b@example.com", "a~b@b.com")

    assert await search(reader, "a_") == ["a_b@example.com"]
    assert await search(reader, "a%") == ["a%b@example.com"]
    assert await search(reader, "a~") == ["a~b@b.com"]
    for prefix in ("%%", "__", "a\\", "';--", "*."):
        assert await search(reader, prefix) == []


async def test_pages_continue_after_the_address(api: Api, reader: Person):
    """Each user appears once, also if the last one of a page is deleted meanwhile."""
    names = [f"u{number:02}@example.com" for number in range(7)]
    await create_users(api, *reversed(names))
    assert await search(reader, "u0", take=3) == names

    first = (await reader.get("/v1/users?email=u0&take=2")).json()
    await api.owner.user.delete_many(where={"email": {"in": names[1:3]}})
    query = {"email": "u0", "take": 2, "cursor": first["nextCursor"]}
    second = (await reader.get("/v1/users", params=query)).json()

    assert [user["email"] for user in second["items"]] == names[3:5]


async def test_a_cursor_fits_its_own_search(api: Api, reader: Person):
    """That of another prefix or another list is refused, and so is a broken one."""
    await create_users(api, "ab@example.com", "abc@example.com")
    cursor = (await reader.get("/v1/users?email=ab&take=1")).json()["nextCursor"]

    queries: tuple[dict[str, str], ...] = (
        {"email": "abc"},
        {},
        {"email": "ab", "cursor": cursor[4:]},
        {"email": "ab", "cursor": moved(cursor, "ab\0")},
    )
    for query in queries:
        answer = await reader.get("/v1/users", params={"cursor": cursor, **query})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


async def test_without_a_prefix_everybody_is_listed(api: Api, reader: Person):
    """In the order of addresses."""
    await create_users(api, "zoe@example.com", "ab@example.com")

    items = (await reader.get("/v1/users")).json()["items"]

    assert [user["email"] for user in items] == [
        "ab@example.com",
        "reader@example.com",
        "zoe@example.com",
    ]


@pytest.mark.parametrize("prefix", ["", "a", " a ", "a" * 255, "a b", "\u00fc@", "ab\0", "a\nb"])
async def test_a_bad_prefix_is_refused(reader: Person, prefix: str):
    """Too short, too long, or characters that no address contains: 422 names the parameter."""
    answer = await reader.get("/v1/users", params={"email": prefix})

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["query.email"]


async def test_the_index_finds_any_prefix(api: Api, reader: Person, work: Counter):
    """The whole search is one range of an index of bytes, which no collation and no policy spoils.

    This holds for a plan that PostgreSQL made without knowing the prefix.
    """
    with work.counting() as done:
        await search(reader, "ab")
    url = api.app.state.settings.app_database_url
    plan = "\n".join(
        run_sql(
            url,
            f"SELECT set_config('tenantry.user', '{reader.id}', false)",
            f"SELECT set_config('tenantry.capability', '{Capability.USERS_READ}', false)",
            "SET enable_seqscan = off",  # the table is small here
            f"EXPLAIN (GENERIC_PLAN) {done.statements[-1]}",
        )
    )

    assert 'Index Scan using "User_email_prefix_idx"' in plan
    assert "Index Cond: ((email ~>=~ $1) AND (email ~<~ $2) AND (email ~>~ $3))" in plan
    assert "Sort" not in plan
    query = "SELECT indexdef FROM pg_indexes WHERE indexname = 'User_email_prefix_idx'"
    (definition,) = run_sql(url, query)
    assert "text_pattern_ops" in definition
