"""WhatsApp channels: how they are added, what is shown of them, how Meta's requests find them."""

import json
from typing import Any

import pytest
from prisma.models import WhatsAppChannel

from app import whatsapp
from app.auth import hash_secret
from app.encryption import Encryption, UnreadableSecret
from tests.domains import new_uuid
from tests.fix_api import Api
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.whatsapp.channels import CONFIG, SECRETS, new_channel


async def make_channel(team: TenantTeam) -> dict[str, Any]:
    """Add a channel; return the response."""
    answer = await team.admin.post(f"{team.path}/whatsapp-channels", new_channel())
    assert answer.status_code == 201, answer.text
    return answer.json()


async def stored(team: TenantTeam, id_: str) -> WhatsAppChannel:
    """Return the row of a channel."""
    return await team.api.owner.whatsappchannel.find_unique_or_raise(where={"id": id_})


def encryption_of(api: Api) -> Encryption:
    return api.app.state.encryption


async def test_create(tenant_team: TenantTeam):
    """The response shows when each secret was set; the row has none of them in clear."""
    team = tenant_team
    body = new_channel()

    answer = await team.admin.post(f"{team.path}/whatsapp-channels", body)

    assert answer.status_code == 201
    made = answer.json()
    config = made["waCloudApiConfig"]
    assert made == {
        "id": made["id"],
        "waNumber": body["waNumber"],
        "phoneNumberId": body["phoneNumberId"],
        "status": "PENDING",
        "waCloudApiConfig": {
            "businessAccountId": CONFIG["businessAccountId"],
            **{name: {"setAt": config[name]["setAt"]} for name in SECRETS},
        },
        "createdAt": made["createdAt"],
        "updatedAt": made["updatedAt"],
    }
    read = await team.staff.get(f"{team.path}/whatsapp-channels/{made['id']}")
    assert read.json() == made
    row = (await stored(team, made["id"])).model_dump(mode="json")
    assert not [secret for secret in SECRETS.values() if secret in json.dumps(row)]
    assert row["verifyTokenHash"] == hash_secret(SECRETS["verifyToken"])
    assert await team.actions() == ["whatsapp_channel.created"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("waNumber", "030 123456"),
        ("phoneNumberId", "hunter2"),
        ("waCloudApiConfig", {**CONFIG, "businessAccountId": "hunter2"}),
        ("waCloudApiConfig", {**CONFIG, "accessToken": "hunter2 hunter2"}),
        ("waCloudApiConfig", {**CONFIG, "verifyToken": "hunter2-hunter2"}),  # too short
        ("waCloudApiConfig", {**CONFIG, "other": "hunter2"}),
    ],
)
async def test_invalid_input_is_named_and_not_repeated(
    tenant_team: TenantTeam, field: str, value: object
):
    """The response names the field; it contains no value, and nothing is stored."""
    body = {**new_channel(), field: value}

    answer = await tenant_team.admin.post(f"{tenant_team.path}/whatsapp-channels", body)

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"].startswith(f"body.{field}")
    assert not [text for text in (*SECRETS.values(), "hunter2") if text in answer.text]
    assert await tenant_team.api.owner.whatsappchannel.count() == 0


@pytest.mark.parametrize("field", ["waNumber", "phoneNumberId"])
async def test_a_number_belongs_to_one_channel(api: Api, tenant_team: TenantTeam, field: str):
    """A second channel with its number, or with Meta's id of it, gets a 409."""
    other = await make_tenant_team(api, "blue")
    first = new_channel()
    await tenant_team.admin.post(f"{tenant_team.path}/whatsapp-channels", first)

    answer = await other.admin.post(
        f"{other.path}/whatsapp-channels", {**new_channel(), field: first[field]}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "number_taken")
    assert await api.owner.whatsappchannel.count() == 1


async def test_status_and_config_and_deletion(tenant_team: TenantTeam):
    """The status has the rules of phone numbers; everything is in the trail, without values."""
    team = tenant_team
    made = await make_channel(team)
    path = f"{team.path}/whatsapp-channels/{made['id']}"

    illegal = await team.admin.patch(path, {"status": "DISCONNECTED"})
    legal = [await team.admin.patch(path, {"status": to}) for to in ("ACTIVE", "DISCONNECTED")]
    replaced = await team.admin.put(f"{path}/config", {**CONFIG, "appSecret": "another-secret"})
    row = await stored(team, made["id"])
    deleted = await team.admin.delete(path)

    assert (illegal.status_code, illegal.json()["code"]) == (409, "illegal_transition")
    assert [each.json()["status"] for each in legal] == ["ACTIVE", "DISCONNECTED"]
    assert replaced.status_code == 200
    assert whatsapp.open_app_secret(encryption_of(team.api), row) == "another-secret"
    assert deleted.status_code == 204
    assert (await team.admin.get(path)).status_code == 404
    assert await team.actions() == [
        "whatsapp_channel.created",
        "whatsapp_channel.status_changed",
        "whatsapp_channel.status_changed",
        "whatsapp_channel.config_replaced",
        "whatsapp_channel.deleted",
    ]
    events = await team.api.owner.auditevent.find_many(order={"id": "asc"})
    assert events[1].details == {"before": "PENDING", "after": "ACTIVE"}
    assert "secret" not in json.dumps([each.model_dump(mode="json") for each in events])


async def test_what_is_not_there_is_not_found(tenant_team: TenantTeam):
    """Unknown, malformed and other tenants' ids get the same answer, by every method."""
    team, other = tenant_team, await make_tenant_team(tenant_team.api, "blue")
    elsewhere = (await make_channel(other))["id"]

    for id_ in (elsewhere, new_uuid(), "nonsense"):
        path = f"{team.path}/whatsapp-channels/{id_}"
        for answer in (
            await team.admin.get(path),
            await team.admin.patch(path, {"status": "ACTIVE"}),
            await team.admin.put(f"{path}/config", CONFIG),
            await team.admin.delete(path),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "channel_not_found")


async def test_meta_finds_a_channel(api: Api, tenant_team: TenantTeam):
    """By its number or its verify token, and opens the secrets of that channel alone."""
    made = await make_channel(tenant_team)
    other = await make_channel(await make_tenant_team(api, "blue"))
    await api.owner.whatsappchannel.update(
        where={"id": other["id"]}, data={"verifyTokenHash": hash_secret("another token")}
    )

    (by_number,) = await whatsapp.find_by_number_ids([made["phoneNumberId"], "0"])
    by_token = await whatsapp.find_by_verify_token(SECRETS["verifyToken"])

    assert by_token is not None
    assert by_number.id == by_token.id == made["id"]
    assert whatsapp.open_app_secret(encryption_of(api), by_number) == SECRETS["appSecret"]
    assert whatsapp.open_verify_token(encryption_of(api), by_token) == SECRETS["verifyToken"]
    assert await whatsapp.find_by_number_ids(["0"]) == []
    assert await whatsapp.find_by_verify_token("0") is None


async def test_a_config_of_another_channel_does_not_open(api: Api, tenant_team: TenantTeam):
    """Whoever can write to the database cannot give a channel the secrets of another one."""
    made, other = await make_channel(tenant_team), await make_channel(tenant_team)
    await api.owner.query_raw(
        """
        UPDATE "WhatsAppChannel" SET "waCloudApiConfig" =
            (SELECT "waCloudApiConfig" FROM "WhatsAppChannel" WHERE id = $1::uuid)
        WHERE id = $2::uuid RETURNING 1
        """,
        other["id"],
        made["id"],
    )

    with pytest.raises(UnreadableSecret):
        whatsapp.open_app_secret(encryption_of(api), await stored(tenant_team, made["id"]))
