"""Phone numbers of tenants: how they are added, what is shown of them, how their status moves."""

import asyncio
import json
from typing import Any

import pytest
from prisma.enums import TenantUserRole

from app.encryption import Encryption, open_field
from tests.domains import new_uuid
from tests.encryption.stored import sip_place
from tests.fix_api import Api
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.phones.numbers import CREDENTIALS, SECRET, fresh_number, new_number


async def make_number(team: TenantTeam) -> dict[str, Any]:
    """Add a phone number; return the response."""
    answer = await team.admin.post(f"{team.path}/phone-numbers", new_number())
    assert answer.status_code == 201, answer.text
    return answer.json()


async def stored_secret(team: TenantTeam, id_: str) -> str:
    """Return the secret that is stored for a phone number."""
    row = await team.api.owner.phonenumber.find_unique_or_raise(where={"id": id_})
    encryption: Encryption = team.api.app.state.encryption
    return open_field(encryption, row.sipCredentials, sip_place(team.id, id_))


async def test_create(tenant_team: TenantTeam):
    """The number is normalised, pending, and its secret is stored encrypted and shown nowhere."""
    team = tenant_team
    number = fresh_number()
    written = f"{number[:3]} (30) {number[5:8]}-{number[8:]}"
    body = {"number": written, "sipCredentials": CREDENTIALS}

    answer = await team.admin.post(f"{team.path}/phone-numbers", body)

    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        "id": made["id"],
        "number": number,
        "status": "PENDING",
        "sipCredentials": {
            "user": "studio",
            "realm": "sip.example.com",
            "secret": {"setAt": made["sipCredentials"]["secret"]["setAt"]},
        },
        "createdAt": made["createdAt"],
        "updatedAt": made["updatedAt"],
    }
    read = await team.staff.get(f"{team.path}/phone-numbers/{made['id']}")
    assert read.json() == made
    assert await stored_secret(team, made["id"]) == SECRET
    assert await team.actions() == ["phone_number.created"]


async def test_no_row_contains_the_secret(tenant_team: TenantTeam):
    """Neither the number's nor any event of the trail."""
    team = tenant_team
    made = await make_number(team)
    path = f"{team.path}/phone-numbers/{made['id']}"
    await team.admin.put(f"{path}/sip-credentials", CREDENTIALS)
    await team.admin.delete(path)
    await make_number(team)

    events = await team.api.owner.auditevent.find_many()
    numbers = await team.api.owner.phonenumber.find_many()

    assert len(events) == 4
    stored = json.dumps([each.model_dump(mode="json") for each in (*events, *numbers)])
    assert SECRET not in stored
    assert "ciphertext" not in json.dumps([each.model_dump(mode="json") for each in events])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "030 123456"),
        ("number", "+49 30 123456 ext. 7"),
        ("number", "+49"),
        ("number", "nonsense"),
        ("sipCredentials", {**CREDENTIALS, "secret": "two words-of-hunter2"}),
        ("sipCredentials", {**CREDENTIALS, "realm": "sip example"}),
        ("sipCredentials", {"user": "studio", "realm": "sip.example.com"}),
        ("sipCredentials", {**CREDENTIALS, "password": "hunter2"}),
    ],
)
async def test_invalid_input_is_named_and_not_repeated(
    tenant_team: TenantTeam, field: str, value: object
):
    """The response names the field; it contains no value, and nothing is stored."""
    body = {**new_number(), field: value}

    answer = await tenant_team.admin.post(f"{tenant_team.path}/phone-numbers", body)

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"].startswith(f"body.{field}")
    assert "hunter2" not in answer.text
    assert SECRET not in answer.text
    assert await tenant_team.api.owner.phonenumber.count() == 0


async def test_a_number_belongs_to_one_tenant(api: Api, tenant_team: TenantTeam):
    """A second one gets a 409, also if both ask at once, however the number is written."""
    other = await make_tenant_team(api, "blue")
    first, second = new_number(), new_number()
    spaced = {**second, "number": f"{second['number'][:5]} {second['number'][5:]}"}
    await tenant_team.admin.post(f"{tenant_team.path}/phone-numbers", first)

    taken = [
        await team.admin.post(f"{team.path}/phone-numbers", first) for team in (tenant_team, other)
    ]
    race = await asyncio.gather(
        tenant_team.admin.post(f"{tenant_team.path}/phone-numbers", second),
        other.admin.post(f"{other.path}/phone-numbers", spaced),
    )

    assert [(each.status_code, each.json()["code"]) for each in taken] == [
        (409, "number_taken"),
        (409, "number_taken"),
    ]
    assert sorted(each.status_code for each in race) == [201, 409]
    assert await api.owner.phonenumber.count() == 2


async def test_list_in_pages(tenant_team: TenantTeam):
    """The newest is first; every number comes once, and none of another tenant."""
    team = tenant_team
    made = [(await make_number(team))["id"] for _ in range(3)]
    await make_number(await make_tenant_team(team.api, "blue"))

    first = (await team.staff.get(f"{team.path}/phone-numbers?take=2")).json()
    cursor = first["nextCursor"]
    rest = (await team.staff.get(f"{team.path}/phone-numbers?take=2&cursor={cursor}")).json()

    found = [item["id"] for page in (first, rest) for item in page["items"]]
    assert found == sorted(made, reverse=True)
    assert rest["nextCursor"] is None


async def test_credentials_are_replaced_as_a_whole(tenant_team: TenantTeam):
    """The new secret is stored for the same row; the trail records that, and no value."""
    team = tenant_team
    made = await make_number(team)
    path = f"{team.path}/phone-numbers/{made['id']}"
    replacing = {"user": "other", "realm": "sip.example.org", "secret": "another-secret"}

    answer = await team.admin.put(f"{path}/sip-credentials", replacing)

    assert answer.status_code == 200
    shown = answer.json()["sipCredentials"]
    assert (shown["user"], shown["realm"]) == ("other", "sip.example.org")
    assert shown["secret"]["setAt"] > made["sipCredentials"]["secret"]["setAt"]
    assert await stored_secret(team, made["id"]) == "another-secret"
    partial = await team.admin.put(f"{path}/sip-credentials", {"secret": "only-this"})
    assert partial.status_code == 422


STATUSES = ("PENDING", "ACTIVE", "DISCONNECTED")
LEGAL = {("PENDING", "ACTIVE"), ("ACTIVE", "DISCONNECTED"), ("DISCONNECTED", "ACTIVE")}


async def test_only_legal_transitions(tenant_team: TenantTeam):
    """From PENDING to ACTIVE, then by turns; anything else is a 409 that names both."""
    team = tenant_team
    made = await make_number(team)
    path = f"{team.path}/phone-numbers/{made['id']}"
    for before in STATUSES:
        for after in STATUSES:
            await team.api.owner.query_raw(
                'UPDATE "PhoneNumber" SET status = $1::text::"PhoneStatus" RETURNING 1', before
            )
            answer = await team.admin.patch(path, {"status": after})
            if (before, after) in LEGAL:
                assert (answer.status_code, answer.json()["status"]) == (200, after)
            else:
                assert (answer.status_code, answer.json()["code"]) == (409, "illegal_transition")
                detail = f"The status is {before}, which cannot become {after}."
                assert answer.json()["detail"] == detail

    events = await team.api.owner.auditevent.find_many(
        where={"action": "phone_number.status_changed"}, order={"id": "asc"}
    )
    recorded: list[Any] = [event.details for event in events]
    assert {(each["before"], each["after"]) for each in recorded} == LEGAL
    assert len(events) == len(LEGAL)


async def test_concurrent_transitions_are_one(tenant_team: TenantTeam):
    """Two requests for the same change: one happens and is recorded, the other is refused."""
    team = tenant_team
    path = f"{team.path}/phone-numbers/{(await make_number(team))['id']}"

    answers = await asyncio.gather(
        *(team.admin.patch(path, {"status": "ACTIVE"}) for _ in range(4))
    )

    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    assert (await team.actions()).count("phone_number.status_changed") == 1


async def test_delete(tenant_team: TenantTeam):
    """The number is free again, for other tenants too."""
    team, other = tenant_team, await make_tenant_team(tenant_team.api, "blue")
    made = await make_number(team)
    path = f"{team.path}/phone-numbers/{made['id']}"

    deleted = await team.admin.delete(path)

    assert deleted.status_code == 204
    again = {"number": made["number"], "sipCredentials": CREDENTIALS}
    assert (await other.admin.post(f"{other.path}/phone-numbers", again)).status_code == 201
    assert (await team.admin.delete(path)).status_code == 404
    assert await team.actions() == ["phone_number.created", "phone_number.deleted"]


async def test_what_is_not_there_is_not_found(tenant_team: TenantTeam):
    """Unknown, malformed and other tenants' ids get the same answer, by every method."""
    team, other = tenant_team, await make_tenant_team(tenant_team.api, "blue")
    elsewhere = (await make_number(other))["id"]

    for id_ in (elsewhere, new_uuid(), elsewhere.upper(), "nonsense"):
        path = f"{team.path}/phone-numbers/{id_}"
        for answer in (
            await team.admin.get(path),
            await team.admin.patch(path, {"status": "ACTIVE"}),
            await team.admin.put(f"{path}/sip-credentials", CREDENTIALS),
            await team.admin.delete(path),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "phone_number_not_found")


async def test_an_admin_who_was_lowered_meanwhile_changes_nothing(tenant_team: TenantTeam):
    """The role is read again under the lock."""
    team = tenant_team
    path = f"{team.path}/phone-numbers/{(await make_number(team))['id']}"
    async with team.api.hold('SELECT FROM "Tenant" FOR UPDATE') as tx:
        changing = asyncio.create_task(team.admin.patch(path, {"status": "ACTIVE"}))
        await team.api.wait_for_blocked_queries(1)
        await tx.tenantuser.update(where={"id": team.admin.id}, data={"role": TenantUserRole.STAFF})
    answer = await changing

    assert (answer.status_code, answer.json()["code"]) == (403, "role_too_low")
    number = await team.api.owner.phonenumber.find_first_or_raise()
    assert number.status == "PENDING"
