"""Conversations: created, listed, read, changed, deleted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conversations.test_contacts import NOBODY, problem, require_refusals
from tests.fix_api import Api
from tests.fix_cursors import moved
from tests.fix_tenant import TenantTeam, make_tenant_team

AN_HOUR_AGO = "2026-01-01T10:00:00Z"
NO_CONVERSATIONS: dict[str, dict[str, Any]] = {
    "no channel": {},
    "an unknown channel": {"channel": "FAX"},
    "two contacts": {
        "channel": "EMAIL", "contactId": NOBODY, "contact": {"phone": "+4930123456"},
    },
    "a contact without a key": {"channel": "EMAIL", "contact": {"name": "Ann"}},
    "metadata that is no object": {"channel": "EMAIL", "metadata": [1]},
    "metadata with NUL": {"channel": "EMAIL", "metadata": {"a": {"b": ["\0"]}}},
    "metadata with NUL in a name": {"channel": "EMAIL", "metadata": {"\0": 1}},
    "metadata with half a character": {"channel": "EMAIL", "metadata": {"a": "\ud800"}},
    "metadata that is infinite": {"channel": "EMAIL", "metadata": {"a": float("inf")}},
    "metadata that is no number": {"channel": "EMAIL", "metadata": {"a": float("nan")}},
    "too much metadata": {"channel": "EMAIL", "metadata": {"a": "💪" * 2048}},
    "a turn without a text": {"channel": "EMAIL", "turns": [{"author": "STAFF", "text": ""}]},
    "a turn with NUL": {"channel": "EMAIL", "turns": [{"author": "STAFF", "text": "a\0"}]},
    "a turn that is too long": {
        "channel": "EMAIL", "turns": [{"author": "STAFF", "text": "x" * 16_001}],
    },
    "a turn of nobody": {"channel": "EMAIL", "turns": [{"author": "GHOST", "text": "a"}]},
    "a turn at no moment": {
        "channel": "EMAIL", "turns": [{"author": "STAFF", "text": "a", "at": "2026-01-01T10:00"}],
    },
    "an external id with a space": {
        "channel": "EMAIL", "turns": [{"author": "STAFF", "text": "a", "externalId": "a b"}],
    },
    "too many turns": {"channel": "EMAIL", "turns": [{"author": "STAFF", "text": "a"}] * 51},
    "the same turn twice": {
        "channel": "EMAIL", "turns": [{"author": "STAFF", "text": "a", "externalId": "1"}] * 2,
    },
}  # fmt: skip


async def create(studio: TenantTeam, **fields: object) -> dict[str, Any]:
    body = {"channel": "EMAIL", **fields}
    answer = await studio.staff.post(f"{studio.path}/conversations", body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_create(studio: TenantTeam):
    """A conversation of nobody and without turns, with metadata as it was given."""
    metadata: Any = {"subject": "Kündigung 💪", "n": 1.5, "list": [None, True, {"deep": [1]}]}
    made = await create(studio, channel="VOICE", metadata=metadata)

    assert made.keys() == {
        "id", "channel", "contactId", "whatsAppChannelId", "transcript", "metadata", "turnCount",
        "lastTurnAt", "createdAt", "updatedAt",
    }  # fmt: skip
    assert (made["channel"], made["metadata"]) == ("VOICE", metadata)
    assert (made["contactId"], made["lastTurnAt"]) == (None, None)
    assert (made["transcript"], made["turnCount"]) == ([], 0)
    path = f"{studio.path}/conversations/{made['id']}"
    assert (await studio.staff.get(path)).json() == made
    assert await studio.actions() == ["conversation.created"]


async def test_create_with_turns_of_a_new_contact(studio: TenantTeam):
    """The contact is created once; the turns are numbered in their order."""
    turns = [
        {"author": "CONTACT", "text": " Hallo\n", "externalId": "mail-1", "at": AN_HOUR_AGO},
        {"author": "AGENT", "text": "שלום 👋🏽"},
    ]
    contact = {"email": "Ann@example.com", "name": "Ann"}
    made = await create(studio, contact=contact, turns=turns)
    again = await create(studio, contact={"email": "ann@example.com", "phone": "+4930123456"})

    assert made["contactId"] == again["contactId"]
    (known,) = await studio.api.owner.contact.find_many()
    assert (known.email, known.phone, known.name) == ("ann@example.com", "+4930123456", "Ann")
    assert [turn["text"] for turn in made["transcript"]] == [" Hallo\n", "שלום 👋🏽"]
    assert [turn["position"] for turn in made["transcript"]] == [1, 2]
    assert made["transcript"][0]["at"] == AN_HOUR_AGO
    assert made["lastTurnAt"] > AN_HOUR_AGO
    assert made["turnCount"] == 2


async def test_what_a_conversation_changes_of_contacts_is_audited(studio: TenantTeam):
    """A contact who is created or gets another key has an event; one who stays as they were, none.

    The names of the fields alone are in it.
    """
    keys = {"phone": "+4930123456", "email": "ann@example.com"}
    made = await create(studio, contact={"phone": keys["phone"]})
    await create(studio, contact={**keys, "name": "Ann"})
    await create(studio, contact=keys)

    assert await studio.actions() == [
        "contact.created",
        "conversation.created",
        "contact.changed",
        "conversation.created",
        "conversation.created",
    ]
    events = await studio.api.owner.auditevent.find_many(
        where={"action": {"startswith": "contact."}}, order={"id": "asc"}
    )
    assert {event.subjectId for event in events} == {made["contactId"]}
    assert [event.details for event in events] == [{}, {"fields": ["email", "name"]}]


async def test_a_conversation_of_a_tenant_that_is_deleted_meanwhile(studio: TenantTeam):
    """Whoever was its user gets 404, with and without a contact."""
    other = await make_tenant_team(studio.api, "blue")
    new = {"channel": "EMAIL"}
    with_contact = {**new, "contact": {"phone": "+4930123456"}}
    for tenant, body in ((studio, new), (other, with_contact)):
        answer = await tenant.staff_while_deleted("conversations", body)
        assert problem(answer) == (404, "tenant_not_found")


async def test_bad_input_creates_nothing(studio: TenantTeam):
    """An invalid body is refused, and the error names the field."""
    await require_refusals(studio, "conversations", NO_CONVERSATIONS)
    assert await studio.api.owner.conversation.count() == 0


async def test_what_cannot_be_created_leaves_nothing(api: Api, studio: TenantTeam):
    """An unknown contact, or a turn with an external id that another conversation has."""
    other = await make_tenant_team(api, "blue")
    foreign = await create(other, contact={"phone": "+4930123456"})
    for contact in (NOBODY, foreign["contactId"]):
        body = {"channel": "EMAIL", "contactId": contact}
        answer = await studio.staff.post(f"{studio.path}/conversations", body)
        assert problem(answer) == (404, "contact_not_found")

    turns = [{"author": "STAFF", "text": "a", "externalId": "1"}]
    await create(studio, turns=turns)
    body = {"channel": "EMAIL", "turns": turns, "contact": {"phone": "+4930123456"}}
    answer = await studio.staff.post(f"{studio.path}/conversations", body)
    assert problem(answer) == (409, "external_id_taken")
    assert await api.owner.conversation.count(where={"tenantId": studio.id}) == 1
    assert await api.owner.contact.count(where={"tenantId": studio.id}) == 0
    assert await studio.actions() == ["conversation.created"]


async def test_change_replaces_the_metadata(studio: TenantTeam):
    """As a whole; the trail does not repeat it."""
    made = await create(studio, metadata={"old": 1, "kept": 2})
    path = f"{studio.path}/conversations/{made['id']}"
    changed = (await studio.staff.patch(path, {"metadata": {"kept": 3}})).json()

    assert changed["metadata"] == {"kept": 3}
    assert (await studio.staff.get(path)).json() == changed
    bodies: list[Any] = [{}, {"metadata": None}, {"metadata": {}, "channel": "VOICE"}]
    for body in bodies:
        assert (await studio.staff.patch(path, body)).status_code == 422
    events = await studio.api.owner.auditevent.find_many(where={"action": "conversation.changed"})
    assert [event.details for event in events] == [{"fields": ["metadata"]}]


async def test_delete(studio: TenantTeam):
    """Administrators delete a conversation with its turns, and keep the contact."""
    turns = [{"author": "STAFF", "text": "a"}]
    made = await create(studio, turns=turns, contact={"phone": "+4930123456"})
    path = f"{studio.path}/conversations/{made['id']}"

    assert problem(await studio.staff.delete(path)) == (403, "role_too_low")
    assert (await studio.admin.delete(path)).status_code == 204
    assert problem(await studio.admin.delete(path)) == (404, "conversation_not_found")
    assert await studio.api.owner.conversationturn.count() == 0
    assert await studio.api.owner.contact.count() == 1
    assert await studio.actions() == [
        "contact.created",
        "conversation.created",
        "conversation.deleted",
    ]


async def test_unknown_conversations(studio: TenantTeam):
    """Whatever is no conversation's id is a 404, for each method."""
    turn = {"author": "STAFF", "text": "a"}
    for id_ in (NOBODY, "nobody", "%00"):
        path = f"{studio.path}/conversations/{id_}"
        for answer in (
            await studio.staff.get(path),
            await studio.staff.patch(path, {"metadata": {}}),
            await studio.admin.delete(path),
            await studio.staff.get(f"{path}/turns"),
            await studio.staff.post(f"{path}/turns", turn),
            await studio.staff.post(f"{path}/turns", {**turn, "externalId": "1"}),
        ):
            assert problem(answer) == (404, "conversation_not_found"), id_
    assert await studio.actions() == []


async def test_list_and_its_filters(studio: TenantTeam):
    """The newest come first, without transcripts; filters combine, and pages keep them."""
    ids: list[str] = []
    contact = {"phone": "+4930123456"}
    for day, channel in enumerate(("VOICE", "EMAIL", "EMAIL", "EMAIL", "WHATSAPP"), start=1):
        made = await create(studio, channel=channel, contact=contact if day % 2 else None)
        await studio.api.owner.conversation.update(
            where={"id": made["id"]}, data={"createdAt": datetime(2026, 1, day, tzinfo=UTC)}
        )
        ids.append(made["id"])
    known = (await studio.api.owner.contact.find_first_or_raise()).id

    async def listed(query: str, take: int = 1) -> list[int]:
        found: list[int] = []
        cursor = ""
        while True:
            path = f"{studio.path}/conversations?take={take}{query}{cursor}"
            page = (await studio.staff.get(path)).json()
            found += [ids.index(item["id"]) + 1 for item in page["items"]]
            assert not any("transcript" in item for item in page["items"])
            if not page["nextCursor"]:
                return found
            cursor = f"&cursor={page['nextCursor']}"

    assert await listed("", take=2) == [5, 4, 3, 2, 1]
    assert await listed("&channel=EMAIL") == [4, 3, 2]
    assert await listed(f"&contactId={known}") == [5, 3, 1]
    assert await listed(f"&contactId={NOBODY}") == []
    # The first moment belongs to the range, the last one does not.
    assert await listed("&from=2026-01-02T00:00:00Z&to=2026-01-05T00:00:00Z") == [4, 3, 2]
    combined = f"&channel=EMAIL&contactId={known}&from=2026-01-01T00:00:00Z"
    assert await listed(combined) == [3]
    for moment in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00%2B14:00"):
        for name in ("from", "to"):
            refused = await studio.staff.get(f"{studio.path}/conversations?{name}={moment}")
            assert problem(refused) == (422, "validation_failed"), (name, moment)
    first = (await studio.staff.get(f"{studio.path}/conversations?take=1&channel=EMAIL")).json()
    other = f"{studio.path}/conversations?take=1&cursor={first['nextCursor']}"
    assert problem(await studio.staff.get(other)) == (422, "invalid_cursor")


@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+00:00", "2026-01-01T10:00:00", "a"]
)
async def test_a_cursor_holds_a_moment(studio: TenantTeam, moment: str):
    """A cursor with one that no conversation can have is refused."""
    for _ in range(2):
        await create(studio)
    path = f"{studio.path}/conversations"
    cursor = (await studio.staff.get(f"{path}?take=1")).json()["nextCursor"]

    answer = await studio.staff.get(f"{path}?cursor={moved(cursor, moment)}")
    assert problem(answer) == (422, "invalid_cursor")


async def test_conversations_of_one_moment_are_listed_once(studio: TenantTeam):
    """Their ids decide the order."""
    ids = {(await create(studio))["id"] for _ in range(4)}
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    await studio.api.owner.conversation.update_many(where={}, data={"createdAt": moment})
    found: list[str] = []
    cursor = ""
    while cursor is not None:
        query = f"?take=1&cursor={cursor}" if cursor else "?take=1"
        page = (await studio.staff.get(f"{studio.path}/conversations{query}")).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
    assert found == sorted(ids, reverse=True)
