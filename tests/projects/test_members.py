"""Roles in a project: setting them, returning to inheritance, and who may do so."""

from typing import Any

import pytest
from httpx import Response
from prisma.enums import OrgRole, ProjectRole

from tests.domains import new_uuid
from tests.fix_api import Person
from tests.projects.project_team import ProjectTeam, make_project


async def effective(project: ProjectTeam, person: Person) -> dict[str, Any]:
    """Return the fields of the role that the API says applies to a person."""
    answer = await project.owner.get(f"{project.path}/effective-role?userId={person.id}")
    assert answer.status_code == 200, answer.text
    return {key: value for key, value in answer.json().items() if key != "userId"}


async def events(project: ProjectTeam) -> list[tuple[str, str | None, Any]]:
    found = await project.organization.api.owner.query_raw(
        'SELECT "action", "subjectId", "details" FROM "AuditEvent" ORDER BY ctid'
    )
    return [(event["action"], event["subjectId"], event["details"]) for event in found]


def refusal(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_set_a_role(project: ProjectTeam):
    """The response is the role that now applies, as every later response shows it."""
    member = project.member

    answer = await project.admin.put(project.role_path(member), {"role": "EDITOR"})

    expected = project.own("EDITOR", "raised", "MEMBER")
    assert answer.status_code == 200
    assert answer.json() == {**expected, "userId": member.id}
    assert await effective(project, member) == expected
    own = (await member.get(f"{project.path}/effective-role")).json()
    assert own == {**expected, "userId": member.id}
    assert (await member.get(project.path)).json().items() >= expected.items()
    details = {"projectId": project.id, "before": None, "role": "EDITOR"}
    assert await events(project) == [("project_role.set", member.id, details)]


async def test_set_the_same_role(project: ProjectTeam):
    """Nothing is stored or recorded, and the response is true."""
    member = project.member
    first = await project.admin.put(project.role_path(member), {"role": "EDITOR"})

    second = await project.admin.put(project.role_path(member), {"role": "EDITOR"})

    assert second.status_code == 200
    assert second.json() == first.json()
    assert await project.organization.actions() == ["project_role.set"]


async def test_set_the_inherited_role(project: ProjectTeam):
    """It is stored as their own, and stays when the organization's base role changes."""
    member = project.member

    answer = await project.admin.put(project.role_path(member), {"role": "VIEWER"})
    await project.set_base(None)

    assert answer.json().items() >= project.own("VIEWER", "inherited", "MEMBER").items()
    assert await effective(project, member) == project.own("VIEWER", "raised", "MEMBER")


async def test_lower_an_admin(project: ProjectTeam):
    """An admin of the organization can be lowered in a project, and cannot undo that."""
    admin = project.admin

    answer = await project.owner.put(project.role_path(admin), {"role": "VIEWER"})

    assert answer.json().items() >= project.own("VIEWER", "lowered", "ADMIN").items()
    assert refusal(await admin.put(project.role_path(admin), {"role": "ADMIN"})) == (
        403,
        "role_too_low",
    )
    undone = await admin.delete(project.role_path(admin), params={"confirm": True})
    assert refusal(undone) == (403, "role_too_low")
    assert await effective(project, admin) == project.own("VIEWER", "lowered", "ADMIN")
    assert (await admin.delete(project.path)).status_code == 403


@pytest.mark.parametrize("role", ["EDITOR", "VIEWER"])
async def test_an_owner_is_not_lowered(project: ProjectTeam, role: str):
    """Whoever asks gets a 409, and nothing changes."""
    await project.set_own(project.member, ProjectRole.ADMIN)
    for person in (project.owner, project.admin, project.member):
        answer = await person.put(project.role_path(project.owner), {"role": role, "confirm": True})
        assert refusal(answer) == (409, "owner_not_lowered")

    assert await effective(project, project.owner) == project.inherited("ADMIN", "OWNER")
    assert await project.organization.actions() == []


async def test_an_owner_with_a_lower_role_of_their_own(project: ProjectTeam):
    """Whoever becomes an owner is an admin of every project, whatever their own role says."""
    await project.set_own(project.member, ProjectRole.VIEWER)

    await project.set_organization_role(project.member, OrgRole.OWNER)

    assert await effective(project, project.member) == project.inherited("ADMIN", "OWNER")
    reset = await project.member.delete(project.role_path(project.member))
    assert reset.json().items() >= project.inherited("ADMIN", "OWNER").items()


async def test_the_role_of_somebody_above(project: ProjectTeam):
    """An admin of the project cannot change roles of those above them in the organization."""
    await project.set_own(project.member, ProjectRole.ADMIN)
    own = {"role": "ADMIN"}

    answers = [
        await project.member.put(project.role_path(project.admin), {"role": "VIEWER"}),
        await project.member.delete(project.role_path(project.admin)),
        await project.admin.put(project.role_path(project.owner), own),
    ]

    for answer in answers:
        assert refusal(answer) == (403, "role_not_lower")
    assert await project.organization.actions() == []


async def test_those_who_are_no_admins(project: ProjectTeam):
    """Editors and viewers set no roles; who has no access gets a 404."""
    other = await project.organization.joined("other")
    stranger = await project.organization.api.person("stranger")
    await project.set_own(project.member, ProjectRole.EDITOR)

    set_, reset = (
        await project.member.put(project.role_path(other), {"role": "VIEWER"}),
        await project.member.delete(project.role_path(other)),
    )
    asked = await project.member.get(f"{project.path}/effective-role?userId={other.id}")
    unknown = await stranger.put(project.role_path(other), {"role": "VIEWER"})

    for answer in (set_, reset, asked):
        assert refusal(answer) == (403, "role_too_low")
    assert refusal(unknown) == (404, "project_not_found")


async def test_those_who_are_no_members(project: ProjectTeam):
    """Their role can be neither set, reset nor read: the organization has no such member."""
    stranger = await project.organization.api.person("stranger")
    for id_ in (stranger.id, new_uuid(), "nonsense"):
        path = f"{project.path}/members/{id_}/role"
        for answer in (
            await project.owner.put(path, {"role": "VIEWER"}),
            await project.owner.delete(path),
        ):
            assert refusal(answer) == (404, "member_not_found")
    asked = await project.owner.get(f"{project.path}/effective-role?userId={stranger.id}")
    assert refusal(asked) == (404, "member_not_found")
    assert await project.organization.api.owner.projectmember.count() == 0


async def test_lowering_yourself_needs_confirmation(project: ProjectTeam):
    """Without it nothing is stored; with it the response is the lower role."""
    admin, path = project.admin, project.role_path(project.admin)

    refused = await admin.put(path, {"role": "VIEWER"})
    before = await effective(project, admin)
    confirmed = await admin.put(path, {"role": "VIEWER", "confirm": True})

    assert refusal(refused) == (409, "confirmation_needed")
    assert before == project.inherited("ADMIN", "ADMIN")
    assert confirmed.json().items() >= project.own("VIEWER", "lowered", "ADMIN").items()
    assert await project.organization.actions() == ["project_role.set"]


async def test_return_to_inheritance(project: ProjectTeam):
    """The response is the role that now applies; a second request changes nothing."""
    member = project.member
    await project.set_own(member, ProjectRole.EDITOR)

    first, second = [await project.admin.delete(project.role_path(member)) for _ in range(2)]

    for answer in (first, second):
        assert answer.status_code == 200
        assert answer.json() == {**project.inherited("VIEWER", "MEMBER"), "userId": member.id}
    details = {"projectId": project.id, "before": "EDITOR"}
    assert await events(project) == [("project_role.reset", member.id, details)]
    again = await project.admin.put(project.role_path(member), {"role": "ADMIN"})
    assert again.json()["role"] == "ADMIN"


async def test_give_up_your_own_role(project: ProjectTeam):
    """Members return to what they inherit, with a confirmation; without access they get a 404."""
    member, path = project.member, project.role_path(project.member)
    await project.set_base(None)
    await project.set_own(member, ProjectRole.EDITOR)

    refused = await member.delete(path)
    confirmed = await member.delete(path, params={"confirm": True})

    assert refusal(refused) == (409, "confirmation_needed")
    assert confirmed.status_code == 200
    assert confirmed.json() == {**project.inherited(None, "MEMBER"), "userId": member.id}
    assert (await member.get(project.path)).status_code == 404
    assert await project.organization.actions() == ["project_role.reset"]


async def test_grant_access(project: ProjectTeam):
    """A member who inherits no role gets one of their own."""
    await project.set_base(None)
    assert (await project.member.get(project.path)).status_code == 404

    answer = await project.admin.put(project.role_path(project.member), {"role": "VIEWER"})

    assert answer.json().items() >= project.own("VIEWER", "raised", "MEMBER").items()
    assert (await project.member.get(project.path)).status_code == 200


async def test_a_new_organization_role_applies_at_once(project: ProjectTeam):
    """Every inherited role follows it, in every project, and no row is written for that."""
    team = project.organization
    others = [await make_project(team, f"P{number}") for number in range(3)]

    await project.set_organization_role(project.member, OrgRole.ADMIN)

    for each in (project, *others):
        assert await effective(each, project.member) == each.inherited("ADMIN", "ADMIN")
    assert await team.api.owner.projectmember.count() == 0


async def test_leaving_ends_own_roles(project: ProjectTeam):
    """Who joins again inherits."""
    await project.set_own(project.member, ProjectRole.ADMIN)
    assert await project.organization.api.owner.organizationmember.delete_many(
        where={"organizationId": project.organization.id, "userId": project.member.id}
    )

    await project.organization.add(project.member)

    assert await effective(project, project.member) == project.inherited("VIEWER", "MEMBER")


async def test_list_members(project: ProjectTeam):
    """All who have access, by id, each with the role that applies and where it comes from."""
    team = project.organization
    raised = await team.joined("raised")
    await project.set_own(raised, ProjectRole.EDITOR)
    expected = {
        project.owner.id: project.inherited("ADMIN", "OWNER"),
        project.admin.id: project.inherited("ADMIN", "ADMIN"),
        project.member.id: project.inherited("VIEWER", "MEMBER"),
        raised.id: project.own("EDITOR", "raised", "MEMBER"),
    }

    found: list[dict[str, Any]] = []
    cursor = None
    while cursor is not None or not found:
        query = {"take": 3} | ({"cursor": cursor} if cursor else {})
        page = (await project.member.get(f"{project.path}/members", params=query)).json()
        found += page["items"]
        cursor = page["nextCursor"]

    assert [item["userId"] for item in found] == sorted(expected)
    for item in found:
        user = item.pop("user")
        assert user["id"] == item["userId"]
        assert user.keys() == {"id", "email", "name"}
        assert item == {**expected[item["userId"]], "userId": item["userId"]}


async def test_list_members_without_a_base_role(project: ProjectTeam):
    """Members who inherit nothing and have no role of their own are not listed."""
    team = project.organization
    people = [await team.joined(f"m{number}") for number in range(3)]
    await project.set_base(None)
    await project.set_own(people[0], ProjectRole.VIEWER)
    await project.set_own(people[1], None)

    listed = (await project.owner.get(f"{project.path}/members")).json()["items"]

    expected = {project.owner.id, project.admin.id, people[0].id}
    assert {item["userId"] for item in listed} == expected
