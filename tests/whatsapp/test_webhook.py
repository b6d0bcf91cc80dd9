"""The webhook: what Meta sends becomes turns of conversations, once and for the right tenant."""

import asyncio
import json
import logging
from typing import Any

import pytest
from prisma.enums import WhatsAppStatus

from app.whatsapp import hash_verify_token
from tests.conversations.test_contacts import problem
from tests.fix_api import Api
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.whatsapp.notifications import (
    NUMBER_ID,
    PATH,
    Channel,
    make_channel,
    notify,
    recorded,
    signature,
    turns_of,
    with_text,
)

USER_ID = "DE.13491208655302741918"
TEXTS = {
    "text": ["Hallo 👋🏽 Probetraining am 3. Dezember? 💪🏼👨‍👩‍👧‍👦 🇩🇪"],
    "text_right_to_left": ["مرحبا، هل النادي مفتوح يوم الجمعة؟ \u200fשלום 12:30 \u202bABC\u202c"],
    "text_of_4096_characters": ["💪" * 4096],
    "reply": ["Yes, that one"],
    "media": [
        "[image] My membership card 🪪",
        "[image]",
        "[document: Kündigung.pdf] Bitte bestätigen",
        "[voice message]",
        "[audio]",
        "[video]",
        "[sticker]",
    ],
    "answers": ["Yes, I come", "Cancel", "Yoga\nMondays at 18:00", "Sent"],
    "reactions": ["[reaction] 👍🏿", "[reaction removed]"],
    "places_and_cards": [
        "[location] Studio Mitte, Unter den Linden 1, Berlin (52.52, 13.405)",
        "[location] (-33.4, -70.6)",
        "[contacts]\nBea Beispiel +49 30 123456 +49 170 1234567\nCarl",
    ],
    "unsupported": [
        "[unsupported message] Message type unknown",
        "[unsupported message: hologram]",
        "[order: 1 items] Quickly please",
        "[system] User Sheena changed from 4915112345678 to 4915112345679",
    ],
    "user_id_without_phone": ["I have a username"],
    "user_id_and_phone": ["Both of my ids"],
    "partly_malformed": [
        "[text]",
        "[image]",
        "Half a character \ufffd and NUL \ufffd, at no moment",
        "[location] (nan, 1)",
        "Still there",
    ],
    "errors": [],
    "status_sent": [],
    "status_failed": [],
}


async def test_recorded_notifications_become_turns(api: Api, channel: Channel):
    """Each kind of message has a readable text; all of them are in the contact's conversation."""
    expected: list[str] = []
    for name, texts in TEXTS.items():
        answer = await notify(api, recorded(name))
        assert (answer.status_code, answer.text) == (200, ""), name
        expected += texts
        assert [turn["text"] for turn in await turns_of(api)] == expected, name
    assert len({turn["externalId"] for turn in await turns_of(api)}) == len(expected)
    assert {turn["author"] for turn in await turns_of(api)} == {"CONTACT"}
    by_user_id = await api.owner.contact.find_first_or_raise(where={"waUserId": USER_ID})
    conversations = await api.owner.conversation.find_many(include={"contact": True})
    assert {(each.channel, each.whatsAppChannelId) for each in conversations} == {
        ("WHATSAPP", channel.id)
    }
    # Whoever was known by a phone number and whoever had only a user id stay two contacts.
    assert {each.contact and each.contact.phone for each in conversations} == {
        "+4915112345678",
        None,
    }
    assert by_user_id.name == "Sheena"
    assert await api.owner.auditevent.count() == 0


async def test_data_beside_the_text(api: Api, channel: Channel):
    """What the text does not tell is stored up to a size; a plain text has nothing beside it."""
    await notify(api, recorded("text"))
    await notify(api, recorded("reply"))
    large: dict[str, Any] = {"type": "order", "order": {"text": "x" * 9000}}
    await notify(api, with_text("", "wamid.large", **large))
    text, reply, order = [turn["data"] for turn in await turns_of(api)]

    assert text is None
    assert reply["type"] == "text"
    assert reply["context"]["id"].startswith("wamid.")
    assert order == {"type": "order", "omitted": True}


async def test_staff_read_what_was_said(api: Api, studio: TenantTeam, channel: Channel):
    """Through the API, with Meta's moments; each number has a conversation of its own."""
    await notify(api, recorded("text"))
    (listed,) = (await studio.staff.get(f"{studio.path}/conversations")).json()["items"]
    path = f"{studio.path}/conversations/{listed['id']}"
    (turn,) = (await studio.staff.get(f"{path}/turns")).json()["items"]
    contact = (await studio.staff.get(f"{studio.path}/contacts/{listed['contactId']}")).json()

    assert turn["createdAt"] == listed["lastTurnAt"] == "2025-11-24T16:00:01Z"
    assert (contact["name"], contact["phone"]) == ("Zoë 🌸 Müller", "+4915112345678")
    second = await make_channel(studio, "2", name="second")
    payload = with_text("To the other number", "wamid.2")
    payload["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "2"
    assert (await notify(api, payload, second.app_secret)).status_code == 200
    both = (await studio.staff.get(f"{studio.path}/conversations")).json()["items"]
    assert {each["whatsAppChannelId"] for each in both} == {channel.id, second.id}
    assert {each["contactId"] for each in both} == {contact["id"]}


@pytest.mark.usefixtures("channel")
async def test_a_notification_counts_once(api: Api):
    """Again, or twice at the same time, it adds one turn."""
    answers = await asyncio.gather(*(notify(api, recorded("media")) for _ in range(4)))
    answers.append(await notify(api, recorded("media")))

    assert {answer.status_code for answer in answers} == {200}
    assert [turn["text"] for turn in await turns_of(api)] == TEXTS["media"]
    (conversation,) = await api.owner.conversation.find_many()
    assert conversation.turnCount == len(TEXTS["media"])
    assert await api.owner.contact.count() == 1


@pytest.mark.usefixtures("channel")
async def test_first_messages_at_the_same_time(api: Api):
    """Different messages of somebody new meet in one conversation of one contact."""
    payloads = [with_text(f"Message {n}", f"wamid.{n}") for n in range(6)]
    answers = await asyncio.gather(*(notify(api, payload) for payload in payloads))

    assert {answer.status_code for answer in answers} == {200}
    (conversation,) = await api.owner.conversation.find_many()
    assert conversation.turnCount == 6
    assert sorted(turn["position"] for turn in await turns_of(api)) == list(range(1, 7))
    assert await api.owner.contact.count() == 1


@pytest.mark.usefixtures("channel")
async def test_a_contact_known_by_phone_gets_the_user_id(api: Api):
    """Meta sends both first, and the user id alone once the user has a username."""
    for name in ("text", "user_id_and_phone", "user_id_without_phone"):
        await notify(api, recorded(name))
    (contact,) = await api.owner.contact.find_many()

    assert (contact.waUserId, contact.phone) == (USER_ID, "+4915112345678")
    assert contact.name == "Zoë 🌸 Müller"
    (conversation,) = await api.owner.conversation.find_many()
    assert conversation.turnCount == 3


@pytest.mark.usefixtures("channel")
async def test_the_user_id_decides_between_two_contacts(api: Api, studio: TenantTeam):
    """Contacts are not merged: each keeps the key that it has, and the user id tells who writes."""
    contacts = f"{studio.path}/contacts"
    by_user_id = (await studio.staff.post(contacts, {"waUserId": USER_ID})).json()["id"]
    by_phone = (await studio.staff.post(contacts, {"phone": "+4915112345678"})).json()["id"]
    await notify(api, recorded("user_id_and_phone"))

    (conversation,) = await api.owner.conversation.find_many()
    assert conversation.contactId == by_user_id
    assert (await studio.staff.get(f"{contacts}/{by_phone}")).json()["phone"] == "+4915112345678"
    assert (await studio.staff.get(f"{contacts}/{by_user_id}")).json()["phone"] is None
    # Another user id with that phone number is somebody else.
    payload = recorded("user_id_and_phone")
    value = payload["entry"][0]["changes"][0]["value"]
    value["messages"][0] |= {"id": "wamid.new", "from_user_id": "DE.2"}
    value["contacts"][0]["user_id"] = "DE.2"
    await api.owner.contact.update(where={"id": by_phone}, data={"waUserId": "DE.1"})
    await notify(api, payload)
    new = await api.owner.contact.find_first_or_raise(where={"waUserId": "DE.2"})
    assert (new.phone, new.id in (by_user_id, by_phone)) == (None, False)


async def test_statuses_move_forward_only(api: Api, studio: TenantTeam, channel: Channel):
    """Older and repeated ones change nothing, and what has arrived cannot fail any more."""
    await notify(api, recorded("text"))
    (conversation,) = await api.owner.conversation.find_many()
    turns = f"{studio.path}/conversations/{conversation.id}/turns"
    for id_ in ("wamid.OUT1", "wamid.OUT2"):
        body = {"author": "STAFF", "text": "Hi", "externalId": id_}
        assert (await studio.staff.post(turns, body)).status_code == 201

    async def status_after(*names: str, id_: str = "wamid.OUT1") -> str | None:
        payload = recorded("status_sent")
        value = payload["entry"][0]["changes"][0]["value"]
        value["statuses"] = [{**value["statuses"][0], "status": name, "id": id_} for name in names]
        assert (await notify(api, payload)).status_code == 200
        found = await api.owner.conversationturn.find_first_or_raise(where={"externalId": id_})
        return found.status

    assert await status_after("sent") == "SENT"
    assert await status_after("delivered") == "DELIVERED"
    before = await turns_of(api)
    for name in ("sent", "delivered", "failed"):
        assert await status_after(name) == "DELIVERED"
    assert await turns_of(api) == before
    assert await status_after("read") == "READ"
    assert await status_after("delivered") == "READ"
    # In one notification, in any order.
    assert await status_after("read", "sent", "failed", id_="wamid.OUT2") == "READ"
    incoming = (await turns_of(api))[0]["externalId"]
    assert await status_after("read", id_=incoming) is None


async def test_failed_messages(api: Api, studio: TenantTeam, channel: Channel):
    """What was only sent may fail, and may arrive no more."""
    await notify(api, recorded("text"))
    (conversation,) = await api.owner.conversation.find_many()
    turns = f"{studio.path}/conversations/{conversation.id}/turns"
    await studio.staff.post(turns, {"author": "AGENT", "text": "Hi", "externalId": "wamid.OUT1"})
    for name in ("status_sent", "status_failed", "status_delivered"):
        await notify(api, recorded(name))
    found = await api.owner.conversationturn.find_first_or_raise(where={"externalId": "wamid.OUT1"})
    assert found.status == "FAILED"


@pytest.mark.usefixtures("channel")
async def test_nothing_counts_without_the_signature(api: Api):
    """A missing, malformed or foreign signature, and that of another body."""
    body = json.dumps(recorded("text")).encode()
    good = signature(body, "app-secret-of-studio")
    for bad in (
        None,
        "",
        good.removeprefix("sha256="),
        f"sha1={good.removeprefix('sha256=')}",
        good[:-1],
        f"{good}0",
        signature(body, "app-secret-of-somebody"),
        signature(b"{}", "app-secret-of-studio"),
        "sha256=" + "ü" * 64,
    ):
        headers = [(b"X-Hub-Signature-256", bad.encode())] if bad is not None else []
        answer = await api.anonymous.post(PATH, content=body, headers=headers)
        assert problem(answer) == (401, "invalid_signature"), bad
    assert await turns_of(api) == []
    upper = f"sha256={good.removeprefix('sha256=').upper()}"
    answer = await api.anonymous.post(PATH, content=body, headers={"X-Hub-Signature-256": upper})
    assert answer.status_code == 200


async def test_each_channel_needs_its_own_signature(api: Api, studio: TenantTeam, channel: Channel):
    """Whoever knows the secret of one channel writes nothing to another, not even in one body."""
    blue = await make_tenant_team(api, "blue")
    await make_channel(blue, "2", name="blue")
    payload = with_text("Mine")
    foreign = with_text("Forged", "wamid.2")
    foreign["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "2"
    payload["entry"] += foreign["entry"]

    for secret in (channel.app_secret, "app-secret-of-blue"):
        assert problem(await notify(api, payload, secret)) == (401, "invalid_signature")
    assert await turns_of(api) == []
    # One application of Meta may serve several tenants, and sign for all of them.
    await api.owner.whatsappchannel.delete_many(where={"phoneNumberId": "2"})
    await make_channel(blue, "2", name="studio")
    assert (await notify(api, payload, channel.app_secret)).status_code == 200
    found = {turn["text"]: turn["tenantId"] for turn in await turns_of(api)}
    assert found == {"Mine": studio.id, "Forged": blue.id}


async def test_other_numbers_are_dropped(
    api: Api, studio: TenantTeam, caplog: pytest.LogCaptureFixture
):
    """Unknown and inactive ones are accepted; the log tells nothing personal."""
    caplog.set_level(logging.INFO)
    for status in (None, WhatsAppStatus.PENDING, WhatsAppStatus.DISCONNECTED):
        if status:
            await api.owner.whatsappchannel.delete_many()
            await make_channel(studio, status=status)
        assert (await notify(api, recorded("text"), "of nobody")).status_code == 200
    assert await turns_of(api) == []
    assert caplog.text.count("Dropped what WhatsApp sent for 1 unknown or inactive numbers") == 3
    assert not [word for word in ("4915112345678", "Zo", "Hallo", NUMBER_ID) if word in caplog.text]


async def test_a_duplicate_leaves_contacts_alone(api: Api, studio: TenantTeam, channel: Channel):
    """A known message does not look for its sender again, who may have other keys by now."""
    await notify(api, with_text("Hi"))
    (contact,) = await api.owner.contact.find_many()
    path = f"{studio.path}/contacts/{contact.id}"
    await studio.staff.patch(path, {"phone": "+4930999999", "name": None})
    before = (await studio.staff.get(path)).json()

    assert (await notify(api, with_text("Hi"))).status_code == 200
    assert (await studio.staff.get(f"{studio.path}/contacts")).json()["items"] == [before]
    (conversation,) = await api.owner.conversation.find_many()
    assert (conversation.contactId, conversation.turnCount) == (contact.id, 1)


@pytest.mark.parametrize("table", ["Tenant", "WhatsAppChannel"])
async def test_a_deletion_during_a_notification(api: Api, channel: Channel, table: str):
    """Meta gets 200 for what belongs to nobody any more, or it would send it again for days."""
    id_ = {"Tenant": channel.studio.id, "WhatsAppChannel": channel.id}[table]
    async with api.hold('SELECT FROM "Tenant" FOR UPDATE') as tx:
        answer = asyncio.create_task(notify(api, with_text("Hi")))
        await api.wait_for_blocked_queries(1)
        await tx.execute_raw(f'DELETE FROM "{table}" WHERE "id" = $1::uuid', id_)  # pyright: ignore[reportArgumentType]  # a name of the test
    assert ((await answer).status_code, await turns_of(api)) == (200, [])
    assert await api.owner.contact.count() == 0


async def test_verification(api: Api, channel: Channel):
    """Meta gets its challenge for the verify token of a channel, and nobody for another one."""
    good = {
        "hub.mode": "subscribe",
        "hub.verify_token": channel.verify_token,
        "hub.challenge": "1158 <b>",
    }
    answer = await api.anonymous.get(PATH, params=good)
    assert (answer.status_code, answer.text) == (200, "1158 <b>")
    assert answer.headers["content-type"].startswith("text/plain")
    for bad in (
        {},
        {**good, "hub.mode": "unsubscribe"},
        {**good, "hub.verify_token": "verify-token-of-nobody"},
        {**good, "hub.verify_token": ""},
    ):
        answer = await api.anonymous.get(PATH, params=bad)
        assert problem(answer) == (403, "invalid_verify_token")
        assert "1158" not in answer.text


async def test_the_token_itself_is_compared(api: Api, channel: Channel):
    """A hash that was stored for another token does not suffice."""
    await api.owner.whatsappchannel.update(
        where={"id": channel.id}, data={"verifyTokenHash": hash_verify_token("another token")}
    )
    params = {"hub.mode": "subscribe", "hub.verify_token": "another token", "hub.challenge": "1"}
    assert problem(await api.anonymous.get(PATH, params=params)) == (403, "invalid_verify_token")
