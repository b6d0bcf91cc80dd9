"""The export and the erasure of everything that is stored of a contact."""

import asyncio
import json
from typing import Any

import pytest

from app.conversations import personal_data
from tests.conversations.test_contacts import NOBODY, problem
from tests.conversations.test_contacts import create as create_contact
from tests.conversations.test_conversations import create
from tests.fix_tenant import TenantTeam

ANN = {"email": "ann@example.com", "phone": "+4930123456", "name": "Ann Secret"}


def turns(*texts: str) -> list[dict[str, str]]:
    return [{"author": "CONTACT", "text": text} for text in texts]


async def export(studio: TenantTeam, contact: str) -> list[dict[str, Any]]:
    answer = await studio.admin.get(f"{studio.path}/contacts/{contact}/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_export(studio: TenantTeam, monkeypatch: pytest.MonkeyPatch):
    """The contact, each conversation with all of its turns, and an end; nothing of others."""
    monkeypatch.setattr(personal_data, "_BATCH", 2)
    made = [
        await create(studio, contact=ANN, metadata={"n": n}, turns=turns(*map(str, range(n))))
        for n in (5, 0, 2)
    ]
    await create(studio, contact={"phone": "+4930777777"}, turns=turns("of somebody else"))
    contact = made[0]["contactId"]
    lines = await export(studio, contact)

    path = f"{studio.path}/contacts/{contact}"
    assert lines[0] == {"type": "contact", **(await studio.staff.get(path)).json()}
    expected: list[Any] = []
    for conversation in made:
        listed = {key: value for key, value in conversation.items() if key != "transcript"}
        expected.append({"type": "conversation", **listed})
        found = await studio.staff.get(f"{studio.path}/conversations/{conversation['id']}/turns")
        expected += [{"type": "turn", **turn} for turn in found.json()["items"]]
    assert lines[1:-1] == expected
    assert lines[-1] == {"type": "end", "conversations": 3, "turns": 7}
    assert "of somebody else" not in json.dumps(lines)
    events = await studio.api.owner.auditevent.find_many(where={"action": "contact.exported"})
    assert [(event.subjectId, event.details) for event in events] == [(contact, {})]


async def test_the_export_is_recorded_before_it_begins(
    studio: TenantTeam, monkeypatch: pytest.MonkeyPatch
):
    """Whoever breaks off after the first byte is in the trail."""
    contact = await create_contact(studio, **ANN)
    seen: list[list[str]] = []

    async def lines(*_: object):
        seen.append(await studio.actions())
        yield b"{}\n"

    monkeypatch.setattr(personal_data, "_lines", lines)
    await export(studio, contact)
    assert seen == [["contact.created", "contact.exported"]]


async def test_erase(studio: TenantTeam):
    """Contact, conversations and turns are gone; the trail has their numbers and nothing else."""
    made = [await create(studio, contact=ANN, turns=turns("secret", "words")) for _ in range(2)]
    await create(studio, contact={"phone": "+4930777777"}, turns=turns("of somebody else"))
    path = f"{studio.path}/contacts/{made[0]['contactId']}"

    assert problem(await studio.admin.delete(path)) == (409, "confirmation_needed")
    assert problem(await studio.staff.delete(f"{path}?confirm=true")) == (403, "role_too_low")
    answer = await studio.admin.delete(f"{path}?confirm=true")
    assert answer.json() == {"conversations": 2, "turns": 4}
    assert problem(await studio.admin.delete(f"{path}?confirm=true")) == (404, "contact_not_found")
    owner = studio.api.owner
    left = (
        await owner.contact.count(),
        await owner.conversation.count(),
        await owner.conversationturn.count(),
    )
    assert left == (1, 1, 1)
    trail = str(await owner.query_raw('SELECT * FROM "AuditEvent"'))
    assert not [word for word in (*ANN.values(), "secret", "words") if word in trail]
    events = await owner.auditevent.find_many(where={"action": "contact.erased"})
    assert [event.details for event in events] == [{"conversations": 2, "turns": 4}]


async def test_erasing_while_somebody_writes(studio: TenantTeam):
    """Everything that was added is erased and counted, or is a 404 and was not added."""
    made = await create(studio, contact=ANN)
    contact, turn = made["contactId"], {"author": "STAFF", "text": "late"}
    conversation = f"{studio.path}/conversations/{made['id']}"
    body = {"channel": "VOICE", "contactId": contact}
    erased, *others = await asyncio.gather(
        studio.admin.delete(f"{studio.path}/contacts/{contact}?confirm=true"),
        *(studio.staff.post(f"{conversation}/turns", turn) for _ in range(4)),
        *(studio.staff.post(f"{studio.path}/conversations", body) for _ in range(4)),
    )

    statuses = [answer.status_code for answer in others]
    assert set(statuses) <= {201, 404}
    counts = {"conversations": 1 + statuses[4:].count(201), "turns": statuses[:4].count(201)}
    assert erased.json() == counts
    assert await studio.api.owner.conversation.count() == 0
    assert await studio.api.owner.conversationturn.count() == 0


async def test_nobody_is_erased_without_a_contact(studio: TenantTeam):
    """An id that is no contact's is a 404 even with the confirmation."""
    answer = await studio.admin.delete(f"{studio.path}/contacts/{NOBODY}?confirm=true")
    assert problem(answer) == (404, "contact_not_found")
