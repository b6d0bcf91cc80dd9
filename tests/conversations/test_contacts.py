"""Contacts: created, found, changed; their keys are unique in the tenant."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from httpx import Response

from tests.fix_api import Api
from tests.fix_tenant import TenantTeam, make_tenant_team

NOBODY = "00000000-0000-7000-8000-000000000000"
USER_ID = "DE." + "a1" * 64
NO_CONTACTS: dict[str, dict[str, Any]] = {
    "no key": {"name": "Ann"},
    "keys that are null": {"phone": None, "email": None, "waUserId": None},
    "a phone number without a country": {"phone": "030 123456"},
    "no phone number": {"phone": "call me"},
    "a phone number with an extension": {"phone": "+49 30 123456 ext. 5"},
    "a phone number that is too short": {"phone": "+49 30"},
    "no e-mail address": {"email": "ann"},
    "a user id without a country": {"waUserId": "12345"},
    "a user id in lower case": {"waUserId": "de.12345"},
    "a user id that is too long": {"waUserId": "DE." + "1" * 129},
    "a user id with a line break": {"waUserId": "DE.12345\n6"},
    "an unknown field": {"phone": "+4930123456", "tenantId": NOBODY},
    "an invisible name": {"phone": "+4930123456", "name": "\u200b"},
    "half a character": {"phone": "+4930123456", "name": "a\ud800"},
}


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def require_refusals(
    studio: TenantTeam, path: str, bodies: Mapping[str, dict[str, Any]]
) -> None:
    """Require that no body is valid, lone surrogates included, which httpx cannot encode."""
    for name, body in bodies.items():
        answer = await studio.staff.request(
            "POST",
            f"{studio.path}/{path}",
            content=json.dumps(body),
            headers={"Content-Type": "application/json"},
        )
        assert problem(answer) == (422, "validation_failed"), name
        assert answer.json()["errors"][0]["field"].startswith("body"), name


async def create(studio: TenantTeam, **keys: str) -> str:
    answer = await studio.staff.post(f"{studio.path}/contacts", keys)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


async def find(studio: TenantTeam, text: str, **query: object) -> list[str]:
    """Return the names of the contacts that a text finds, page by page."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        params: Any = {"q": text, **query, **cursor}
        page = (await studio.staff.http.get(f"{studio.path}/contacts", params=params)).json()
        found += [item["name"] or item["phone"] for item in page["items"]]
        if not page["nextCursor"]:
            return found
        cursor = {"cursor": page["nextCursor"]}


async def test_create(studio: TenantTeam):
    """Numbers are stored as E.164 writes them, addresses in lower case."""
    given = {
        "waUserId": USER_ID,
        "phone": "+49 (30) 12-34 56",
        "email": "Ann@Example.com",
        "name": " Ann ",
    }
    made = (await studio.staff.post(f"{studio.path}/contacts", given)).json()

    assert made.keys() == {
        "id", "waUserId", "phone", "email", "name", "createdAt", "updatedAt",
    }  # fmt: skip
    keys = (made["waUserId"], made["phone"], made["email"], made["name"])
    assert keys == (USER_ID, "+4930123456", "ann@example.com", "Ann")
    assert (await studio.staff.get(f"{studio.path}/contacts/{made['id']}")).json() == made
    assert await studio.actions() == ["contact.created"]


async def test_bad_input_creates_nothing(studio: TenantTeam):
    """An invalid body is refused, and the error names the field."""
    await require_refusals(studio, "contacts", NO_CONTACTS)
    assert await studio.api.owner.contact.count() == 0


async def test_keys_are_unique_in_a_tenant(api: Api, studio: TenantTeam):
    """Another contact with a known key is a conflict, and no problem of another tenant."""
    keys = {"waUserId": USER_ID, "phone": "+4930123456", "email": "ann@example.com"}
    await create(studio, **keys)
    other = await create(studio, phone="+4930777777")
    for key, value in keys.items():
        answer = await studio.staff.post(f"{studio.path}/contacts", {key: value})
        assert problem(answer) == (409, "contact_exists"), key
        answer = await studio.staff.patch(f"{studio.path}/contacts/{other}", {key: value})
        assert problem(answer) == (409, "contact_exists"), key

    await create(await make_tenant_team(api, "blue"), **keys)


async def test_change(studio: TenantTeam):
    """Omitted fields stay unchanged, and null removes one; the trail names fields alone."""
    id_ = await create(studio, phone="+4930123456", email="ann@example.com", name="Ann")
    path = f"{studio.path}/contacts/{id_}"
    changed = (await studio.staff.patch(path, {"phone": None, "name": "Anna"})).json()

    assert (changed["phone"], changed["email"]) == (None, "ann@example.com")
    assert changed["name"] == "Anna"
    assert (await studio.staff.get(path)).json() == changed
    assert (await studio.staff.patch(path, {})).json()["name"] == "Anna"
    events = await studio.api.owner.auditevent.find_many(where={"action": "contact.changed"})
    assert [event.details for event in events] == [{"fields": ["name", "phone"]}]


async def test_a_contact_keeps_a_key(studio: TenantTeam):
    """The last key can be replaced, and not removed."""
    id_ = await create(studio, phone="+4930123456")
    path = f"{studio.path}/contacts/{id_}"
    assert problem(await studio.staff.patch(path, {"phone": None})) == (409, "contact_without_key")
    nothing = {"phone": None, "email": None, "waUserId": None}
    assert problem(await studio.staff.patch(path, nothing)) == (409, "contact_without_key")
    replaced = {"phone": None, "email": "ann@example.com"}
    assert (await studio.staff.patch(path, replaced)).status_code == 200
    assert await studio.actions() == ["contact.created", "contact.changed"]


async def test_unknown_contacts(studio: TenantTeam):
    """Whatever is no contact's id is a 404, for each method."""
    for id_ in (NOBODY, "nobody", "%00"):
        path = f"{studio.path}/contacts/{id_}"
        for answer in (
            await studio.staff.get(path),
            await studio.staff.patch(path, {"name": "Ann"}),
            await studio.admin.get(f"{path}/export"),
            await studio.admin.delete(path),
            await studio.admin.delete(f"{path}?confirm=true"),
        ):
            assert problem(answer) == (404, "contact_not_found"), id_
    assert await studio.actions() == []


async def test_search(studio: TenantTeam):
    """A beginning of each key finds a contact, in alphabetical order and once."""
    await create(studio, name="Anna Zander", email="anna@example.com")
    await create(studio, name="anton", phone="+4930123456", waUserId="AN.12")
    await create(studio, name="Zoe", email="an.old.address@example.com")
    await create(studio, name="Bea", waUserId="DE.Ab12", phone="+49301239")
    await create(studio, name="Ändi 💪", phone="+4940999999")

    assert await find(studio, "an") == ["Zoe", "Anna Zander", "anton"]
    assert await find(studio, "ANNA Z") == ["Anna Zander"]
    assert await find(studio, "äN") == ["Ändi 💪"]
    assert await find(studio, "DE.Ab") == ["Bea"]
    assert await find(studio, "+49 30 (123)") == ["anton", "Bea"]
    assert await find(studio, "4940") == ["Ändi 💪"]
    assert await find(studio, "a%") == await find(studio, "a_") == []
    assert await find(studio, "ann", take=1) == ["Anna Zander"]
    assert await find(studio, "an", take=1) == ["Zoe", "Anna Zander", "anton"]


async def test_search_for_punctuation(studio: TenantTeam):
    """What people write between digits is no beginning of a phone number."""
    await create(studio, phone="+4930123456")
    for text in ("--", "()", "+ ", " . "):
        assert await find(studio, f"{text}-") == []


async def test_search_composes_characters(studio: TenantTeam):
    """A letter with a combining mark finds the letter that names are stored with."""
    await create(studio, name="Ängström", phone="+4930123456")
    assert await find(studio, "A\u0308ng") == ["Ängström"]


@pytest.mark.parametrize(
    "names",
    [
        ["👨\u200d👩\u200d👧 1", "👨\u200d👩\u200d👧 2"],
        ["می\u200cخواهم", "می\u200cخواهم ب"],
        ["Ann\u00a0Lee", "Ann\u00a0Mee"],
        ["山田\u3000太郎", "山田\u3000次郎"],
        ["💪" * 99 + "a", "💪" * 99 + "b"],
    ],
)
async def test_pages_of_any_names(studio: TenantTeam, names: list[str]):
    """A page may end with any name that a contact may have."""
    for number, name in enumerate(names):
        await create(studio, name=name, phone=f"+493012345{number}")
    assert await find(studio, names[0][:2], take=1) == sorted(names)


async def test_a_contact_of_a_tenant_that_is_deleted_meanwhile(studio: TenantTeam):
    """Whoever was its user gets 404."""
    answer = await studio.staff_while_deleted("contacts", {"phone": "+4930123456"})
    assert problem(answer) == (404, "tenant_not_found")


async def test_search_needs_two_printable_characters(studio: TenantTeam):
    """A single character, spaces around one, or a control character is refused."""
    for text in ("a", " a ", "ab%00", "a%0Ab"):
        answer = await studio.staff.get(f"{studio.path}/contacts?q={text}")
        assert problem(answer) == (422, "validation_failed")


async def test_list(studio: TenantTeam):
    """The newest come first, page by page; a cursor fits no other list."""
    ids = [await create(studio, phone=f"+493012345{n}") for n in range(3)]
    path = f"{studio.path}/contacts"
    first = (await studio.staff.get(f"{path}?take=2")).json()
    rest = (await studio.staff.get(f"{path}?take=2&cursor={first['nextCursor']}")).json()

    assert {item["id"] for item in first["items"] + rest["items"]} == set(ids)
    assert len(first["items"]) == 2
    answer = await studio.staff.get(f"{path}?q=%2B49&cursor={first['nextCursor']}")
    assert problem(answer) == (422, "invalid_cursor")
