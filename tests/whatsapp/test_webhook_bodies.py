"""The webhook: bodies that are large, deep or unexpected cost no message that can be stored."""

import json
from typing import Any

import pytest

from tests.conversations.test_contacts import problem
from tests.fix_api import Api
from tests.whatsapp.notifications import NUMBER_ID, notify, turns_of, with_text


@pytest.mark.usefixtures("channel")
async def test_bodies_that_cannot_be_read(api: Api, caplog: pytest.LogCaptureFixture):
    """Signed ones are accepted and logged, since Meta would repeat them for days."""
    number = f'"phone_number_id": "{NUMBER_ID}"'
    for body in (
        f"{{{number}",
        f"[{{{number}}}]",
        f'{{"entry": {{{number}}}}}',
        f'{{{number}, "entry": {"[" * 201}{"]" * 201}}}',
        f'{{{number}, "entry": [{"1," * 60_000}1]}}',
        f'{{{number}, "entry": {"9" * 5000}}}',
        f'{{{number}, "entry": "\0"}}',
    ):
        assert (await notify(api, body.encode())).status_code == 200, body[:60]
    assert caplog.text.count("Meta has signed a body that cannot be read") == 4
    assert (await notify(api, f"{{{number}}}".encode() + b"\xff")).status_code == 200
    many = ", ".join(f'{{"phone_number_id": "{n}"}}' for n in range(21))
    assert problem(await notify(api, f"[{many}]".encode())) == (422, "too_many_numbers")


@pytest.mark.usefixtures("channel")
async def test_a_number_that_its_numbering_plan_does_not_have(api: Api):
    """WhatsApp still has numbers of former plans: Mexico's with a 1, Benin's of 8 digits."""
    for number in ("5215512345678", "22961234567"):
        payload = with_text("Hola", f"wamid.{number}", **{"from": number})
        payload["entry"][0]["changes"][0]["value"]["contacts"][0]["wa_id"] = number
        assert (await notify(api, payload)).status_code == 200
    contacts = await api.owner.contact.find_many(order={"id": "asc"})
    assert [each.phone for each in contacts] == ["+5215512345678", "+22961234567"]
    assert len(await turns_of(api)) == 2


@pytest.mark.usefixtures("channel")
@pytest.mark.parametrize("kind", ["x\0" + "y" * 9000, "x\ud800" + "y" * 9000, "z" * 500_000])
async def test_types_that_nobody_expects(api: Api, kind: str):
    """Whatever calls itself a type is stored in few characters, without what nobody can store."""
    assert (await notify(api, with_text("Hi", type=kind))).status_code == 200
    (turn,) = await turns_of(api)
    stored = kind.replace("\0", "\ufffd").replace("\ud800", "\ufffd")[:50]
    assert turn["data"]["type"] == stored
    assert turn["text"] == f"[unsupported message: {stored}]"


@pytest.mark.usefixtures("channel")
async def test_siblings_of_what_is_too_deep_or_too_large(api: Api):
    """One part with deep nesting or a huge number does not cost the others."""
    payload = with_text("Sibling")
    messages = payload["entry"][0]["changes"][0]["value"]["messages"]
    deep: Any = 1
    for _ in range(40):
        deep = {"a": deep}
    for id_, content in (("deep", deep), ("huge", {"n": "HUGE"})):
        messages.append({**messages[0], "id": f"wamid.{id_}", "type": "game", "game": content})
    body = json.dumps(payload).replace('"HUGE"', "9" * 5000).encode()
    assert (await notify(api, body)).status_code == 200
    sibling, deep_turn, huge = await turns_of(api)
    assert sibling["text"] == "Sibling"
    assert json.dumps(deep_turn["data"]).count("{") == 32
    assert huge["data"] == {"type": "game", "game": {"n": None}}


@pytest.mark.usefixtures("channel")
async def test_large_notifications(api: Api):
    """Up to three megabytes are read; nothing of a longer one."""
    payload = with_text("x" * 4096)
    value = payload["entry"][0]["changes"][0]["value"]
    value["messages"] = [{**value["messages"][0], "id": f"wamid.{n}"} for n in range(700)]  # 2.9 MB
    assert (await notify(api, payload)).status_code == 200
    assert await api.owner.conversationturn.count() == 700
    assert problem(await notify(api, b" " * (3 * 2**20 + 1))) == (413, "body_too_long")
