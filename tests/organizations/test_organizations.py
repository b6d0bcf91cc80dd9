"""Organizations: created, listed, read, changed, deleted; their audit trail."""

import asyncio

import pytest

from tests.fix_api import Api
from tests.fix_team import OrganizationTeam, make_organization_team

PATH = "/v1/organizations"
NO_BODIES = {
    "none": {},
    "empty": {"name": ""},
    "null": {"name": None},
    "too long": {"name": "x" * 101},
    "a line break": {"name": "a\nb"},
    "another field": {"name": "a", "memberBaseRole": "ADMIN"},
}
NO_IDS = ("short", "0" * 32, "00000000-0000-0000-0000-000000000000", "a%00b", "0123456789'--")


async def test_create(api: Api):
    """The creator is an owner; members may view projects; support staff may not impersonate."""
    ann = await api.person("ann")

    answer = await ann.post(PATH, {"name": " Moon "})

    assert answer.status_code == 201
    made = answer.json()
    assert made.pop("createdAt") == made.pop("updatedAt")
    assert made == {
        "id": made["id"],
        "name": "Moon",
        "memberBaseRole": "VIEWER",
        "impersonationAllowed": False,
        "role": "OWNER",
    }
    assert (await ann.get(f"{PATH}/{made['id']}")).json().items() >= made.items()
    event = await api.owner.auditevent.find_first_or_raise(where={"organizationId": made["id"]})
    assert (event.action, event.actorId, event.subjectId) == (
        "organization.created", ann.id, made["id"],
    )  # fmt: skip
    assert event.details == {"name": "Moon", "role": "OWNER", "memberBaseRole": "VIEWER"}


@pytest.mark.parametrize("body", NO_BODIES)
async def test_bad_input_creates_nothing(api: Api, body: str):
    """An invalid body is refused, and the error names the field."""
    ann = await api.person("ann")

    answer = await ann.post(PATH, NO_BODIES[body])

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("body")
    assert await api.owner.organization.count() == 0


@pytest.mark.parametrize("id_", NO_IDS)
async def test_an_invalid_id_is_not_found(api: Api, id_: str):
    """It gets the same answer as the organization of others."""
    ann, bob = await api.person("ann"), await api.person("bob")
    others = (await bob.post(PATH, {"name": "Sun"})).json()["id"]

    answer = await ann.get(f"{PATH}/{id_}")

    assert (answer.status_code, answer.json()["code"]) == (404, "organization_not_found")
    assert answer.json() == (await ann.get(f"{PATH}/{others}")).json()


async def test_list_mine_in_pages(api: Api):
    """The caller's organizations with their role, each once, in the order of joining."""
    ann, bob = await api.person("ann"), await api.person("bob")
    made = [(await ann.post(PATH, {"name": f"N{number}"})).json() for number in range(3)]
    await bob.post(PATH, {"name": "Others"})

    first = (await ann.get(f"{PATH}?take=2")).json()
    last = (await ann.get(f"{PATH}?cursor={first['nextCursor']}")).json()

    assert first["items"] + last["items"] == made
    assert last["nextCursor"] is None
    refused = await bob.get(f"/v1/workspaces?cursor={first['nextCursor']}")
    assert refused.json()["code"] == "invalid_cursor"


async def test_change(organization_team: OrganizationTeam):
    """Omitted fields stay unchanged, null takes access away; the trail has the role before."""
    team = organization_team
    keys = ("name", "memberBaseRole", "impersonationAllowed")
    for body, shown in (
        ({"name": "New"}, ("New", "VIEWER", False)),
        ({"memberBaseRole": "EDITOR"}, ("New", "EDITOR", False)),
        ({"impersonationAllowed": True}, ("New", "EDITOR", True)),
        ({}, ("New", "EDITOR", True)),
        ({"memberBaseRole": None, "impersonationAllowed": False}, ("New", None, False)),
    ):
        answer = await team.owner.patch(team.path, body)
        assert answer.status_code == 200
        assert tuple(answer.json()[key] for key in keys) == shown
        assert answer.json()["role"] == "OWNER"
    assert await team.events() == [
        ("organization.changed", team.id, details)
        for details in (
            {"name": "New"},
            {"memberBaseRole": "EDITOR", "memberBaseRoleBefore": "VIEWER"},
            {"impersonationAllowed": True},
            {
                "memberBaseRole": None,
                "memberBaseRoleBefore": "EDITOR",
                "impersonationAllowed": False,
            },
        )
    ]


@pytest.mark.parametrize(
    "body", [{"memberBaseRole": "EDITOR"}, {"memberBaseRole": None}, {"impersonationAllowed": True}]
)
async def test_only_owners_decide_about_access(
    organization_team: OrganizationTeam, body: dict[str, object]
):
    """An admin may change the name, but not together with what an owner decides."""
    team = organization_team
    for changed in (body, {"name": "New", **body}):
        answer = await team.admin.patch(team.path, changed)
        assert (answer.status_code, answer.json()["code"]) == (403, "role_too_low")
    assert (await team.owner.get(team.path)).json()["name"] == team.name_shown
    assert (await team.admin.patch(team.path, {"name": "New"})).json()["role"] == "ADMIN"
    assert await team.actions() == ["organization.changed"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": None},
        {"memberBaseRole": "ADMIN"},
        {"memberBaseRole": "OWNER"},
        {"impersonationAllowed": None},
        {"createdById": "somebody"},
    ],
)
async def test_bad_input_changes_nothing(
    organization_team: OrganizationTeam, body: dict[str, object]
):
    """An invalid body is refused, and the error names the field."""
    team = organization_team
    before = (await team.owner.get(team.path)).json()

    answer = await team.owner.patch(team.path, body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == f"body.{next(iter(body))}"
    assert (await team.owner.get(team.path)).json() == before
    assert await team.actions() == []


async def test_delete(organization_team: OrganizationTeam):
    """Everything in it is deleted with it, except the audit trail."""
    team, owner = organization_team, organization_team.api.owner
    await team.invited("guest@example.com")
    await team.offered(team.member)
    project = await owner.project.create({"organizationId": team.id, "name": "Project"})
    await owner.projectmember.create(
        {"organizationId": team.id, "projectId": project.id, "userId": team.member.id}
    )

    assert (await team.owner.delete(team.path)).status_code == 204

    assert (await team.owner.get(team.path)).status_code == 404
    assert await team.roles() == {}
    assert await owner.project.count() + await owner.projectmember.count() == 0
    assert await owner.invitation.count() + await owner.organizationtransfer.count() == 0
    assert await team.events() == [("organization.deleted", team.id, {"name": team.name_shown})]


async def test_audit_trail(organization_team: OrganizationTeam):
    """Admins read the events of their organization and of no other, the newest first, in pages."""
    team = organization_team
    other = await make_organization_team(team.api, "blue")
    await other.owner.patch(other.path, {"name": "Blue"})
    for name in ("One", "Two", "Three"):
        await team.owner.patch(team.path, {"name": name})
        await asyncio.sleep(0.002)  # ids grow from one millisecond to the next

    path = f"{team.path}/audit-events?take=2"
    first = (await team.admin.get(path)).json()
    last = (await team.admin.get(f"{path}&cursor={first['nextCursor']}")).json()

    items = first["items"] + last["items"]
    assert [item["details"]["name"] for item in items] == ["Three", "Two", "One"]
    assert {(item["actorId"], item["subjectId"]) for item in items} == {(team.owner.id, team.id)}
    refused = await other.admin.get(f"{other.path}/audit-events?cursor={first['nextCursor']}")
    assert refused.json()["code"] == "invalid_cursor"
