"""Integrations: one of each type, replaced as a whole, and nothing shown of their secrets."""

import asyncio
import json
from typing import Any

import pytest

from app.encryption import Encryption, Place, SecretColumn, open_field
from app.imports.users import UserImporter
from app.imports.workout_plans import PlanImporter
from app.integrations.mapping import PLAN_FIELDS, USER_FIELDS, FieldMapping
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.integrations.configs import MAPPING, SECRETS, good_config

TYPES = tuple(SECRETS)


async def put(team: TenantTeam, type_: str, prefix: str = "secret") -> dict[str, Any]:
    """Set an integration; return the response."""
    path = f"{team.path}/integrations/{type_}"
    answer = await team.admin.put(path, good_config(type_, prefix))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def stored_secrets(team: TenantTeam, type_: str) -> list[str]:
    """Return the stored secrets of an integration, decrypted."""
    row = await team.api.owner.tenantintegration.find_first_or_raise(where={"type": type_})  # pyright: ignore[reportArgumentType]  # one of the type's values
    encryption: Encryption = team.api.app.state.encryption
    column = SecretColumn.INTEGRATION_CONFIG
    return [
        open_field(encryption, row.config, Place(team.id, column, row.id, name))
        for name in SECRETS[type_]
    ]


@pytest.mark.parametrize("type_", TYPES)
async def test_create(tenant_team: TenantTeam, type_: str):
    """Public fields come back as they were given; of each secret, when it was set."""
    team = tenant_team
    given = good_config(type_)

    made = await put(team, type_)

    config = made["config"]
    shown = {name: config[name]["setAt"] for name in SECRETS[type_]}
    expected = {**given, **{name: {"setAt": moment} for name, moment in shown.items()}}
    if type_ == "MAGICLINE":
        expected["url"] = "https://mystudio.api.magicline.com"
    assert config == expected
    assert (made["type"], made["active"]) == (type_, True)
    assert (await team.admin.get(f"{team.path}/integrations/{type_}")).json() == made
    assert await stored_secrets(team, type_) == [f"secret-{name}" for name in SECRETS[type_]]
    rows = await team.api.owner.query_raw('SELECT config::text FROM "TenantIntegration"')
    assert "secret-" not in json.dumps(rows)


async def test_a_config_is_replaced_as_a_whole(tenant_team: TenantTeam):
    """Nothing of the former one is left, and the integration stays as active as it was."""
    team = tenant_team
    path = f"{team.path}/integrations/FITOGRAM"
    before = await put(team, "FITOGRAM")
    await team.admin.patch(path, {"active": False})
    replacing = {"type": "FITOGRAM", "studioId": "studio-8", "apiKey": "another-key"}

    after = (await team.admin.put(path, replacing)).json()

    assert after["config"]["studioId"] == "studio-8"
    assert after["config"]["mapping"] == {}
    assert after["config"]["apiKey"]["setAt"] > before["config"]["apiKey"]["setAt"]
    assert (after["active"], after["createdAt"]) == (False, before["createdAt"])
    assert await stored_secrets(team, "FITOGRAM") == ["another-key"]
    assert await team.actions() == [
        "integration.created",
        "integration.deactivated",
        "integration.replaced",
    ]
    events = await team.api.owner.auditevent.find_many()
    assert [each.details for each in events] == [{"type": "FITOGRAM"}] * 3


async def test_concurrent_requests_create_one(tenant_team: TenantTeam):
    """The first creates, the others replace; the last one's secrets open."""
    team = tenant_team

    await asyncio.gather(*(put(team, "MAGICLINE", f"secret{number}") for number in range(4)))

    assert await team.api.owner.tenantintegration.count() == 1
    assert sorted(await team.actions()) == ["integration.created", *["integration.replaced"] * 3]
    one, two = await stored_secrets(team, "MAGICLINE")
    assert one.partition("-")[0] == two.partition("-")[0]


INVALID = {
    "a URL": ("MAGICLINE", {"tenantHost": "https://evil.example.com"}),
    "a host": ("MAGICLINE", {"tenantHost": "evil.example.com"}),
    "a path": ("MAGICLINE", {"tenantHost": "evil/x"}),
    "a user": ("MAGICLINE", {"tenantHost": "evil@x"}),
    "a port": ("MAGICLINE", {"tenantHost": "evil:1"}),
    "a final line break": ("MAGICLINE", {"tenantHost": "evil\nx"}),
    "a hyphen": ("MAGICLINE", {"tenantHost": "-evil"}),
    "an empty label": ("MAGICLINE", {"tenantHost": ""}),
    "a long label": ("MAGICLINE", {"tenantHost": "evil" * 16}),
    "an unknown key": ("MAGICLINE", {"other": "evil"}),
    "an empty secret": ("MAGICLINE", {"openApiKey": ""}),
    "a secret with a space": ("FITOGRAM", {"apiKey": "evil evil"}),
    "a long secret": ("GOOGLE_CALENDAR", {"refreshToken": "evil" * 600}),
    "a secret that is no text": ("GOOGLE_CALENDAR", {"refreshToken": {"evil": "evil"}}),
    "a missing secret": ("GOOGLE_CALENDAR", {"channelToken": None}),
    "an unknown delimiter": ("CSV", {"delimiter": "evil"}),
    "an unknown encoding": ("CSV", {"encoding": "evil"}),
    "an unknown field": ("CSV", {"mapping": {"phone": "evil"}}),
    "one title twice": ("CSV", {"mapping": {"day": "Evil", "sets": "evil"}}),
    "the title of another field": ("CSV", {"mapping": {"email": "role"}}),
    "an unknown type": ("CSV", {"type": "evil"}),
}


@pytest.mark.parametrize(("type_", "change"), INVALID.values(), ids=INVALID)
async def test_an_invalid_config_is_refused(
    tenant_team: TenantTeam, type_: str, change: dict[str, Any]
):
    """The response repeats neither the input nor a secret, and nothing is stored."""
    team = tenant_team
    body = {**good_config(type_), **change}

    answer = await team.admin.put(f"{team.path}/integrations/{type_}", body)

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert "evil" not in answer.text.casefold()
    assert "secret-" not in answer.text
    assert await team.api.owner.tenantintegration.count() == 0


async def test_the_path_names_the_type(tenant_team: TenantTeam):
    """A config of another type is a 422, a type that does not exist a 404."""
    team = tenant_team

    other = await team.admin.put(f"{team.path}/integrations/CSV", good_config("MAGICLINE"))
    unknown = await team.admin.put(f"{team.path}/integrations/XING", good_config("MAGICLINE"))

    assert (other.status_code, other.json()["code"]) == (422, "type_mismatch")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "integration_not_found")
    assert await team.api.owner.tenantintegration.count() == 0


async def test_staff_see_which_are_active_and_no_config(tenant_team: TenantTeam):
    """The list has no config for anybody, and nothing of another tenant."""
    team = tenant_team
    for type_ in TYPES:
        await put(team, type_)
    await put(await make_tenant_team(team.api, "blue"), "CSV")
    await team.admin.patch(f"{team.path}/integrations/MAGICLINE", {"active": False})

    found = (await team.staff.get(f"{team.path}/integrations")).json()["items"]

    assert {each["type"]: each["active"] for each in found} == {
        type_: type_ != "MAGICLINE" for type_ in TYPES
    }
    assert all(each.keys() == {"type", "active", "createdAt", "updatedAt"} for each in found)
    assert len(found) == len(TYPES)


async def test_a_change_that_changes_nothing_records_nothing(tenant_team: TenantTeam):
    """The response is the integration as it is."""
    made = await put(tenant_team, "CSV")

    answer = await tenant_team.admin.patch(f"{tenant_team.path}/integrations/CSV", {"active": True})

    assert answer.status_code == 200
    assert answer.json()["config"] == made["config"]
    assert await tenant_team.actions() == ["integration.created"]


async def test_delete(tenant_team: TenantTeam):
    """It is gone with its secrets; what is not there is a 404 by every method."""
    team = tenant_team
    await put(team, "MAGICLINE")
    path = f"{team.path}/integrations/MAGICLINE"

    deleted = await team.admin.delete(path)
    missing = [
        await team.admin.get(path),
        await team.admin.patch(path, {"active": True}),
        await team.admin.delete(path),
    ]

    assert deleted.status_code == 204
    for answer in missing:
        assert (answer.status_code, answer.json()["code"]) == (404, "integration_not_found")
    assert await team.actions() == ["integration.created", "integration.deleted"]


def test_every_field_of_imports_can_be_mapped():
    """The mapping has the columns that imports know, and no others."""
    assert [column.field for column in UserImporter.columns] == list(USER_FIELDS)
    assert [column.field for column in PlanImporter.columns] == list(PLAN_FIELDS)
    assert set(FieldMapping.model_fields) == {*USER_FIELDS, *PLAN_FIELDS}
    assert MAPPING.keys() <= FieldMapping.model_fields.keys()
