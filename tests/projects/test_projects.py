"""Projects: who creates, sees, changes and deletes them."""

from typing import Any

from prisma.enums import OrgRole, ProjectRole

from tests.domains import new_uuid
from tests.fix_api import Api, Person
from tests.fix_team import OrganizationTeam, make_organization_team
from tests.projects.project_team import ProjectTeam, make_project


async def names(team: OrganizationTeam, person: Person, **query: str | int) -> list[str]:
    """Return the names in a person's list of projects."""
    answer = await person.get(f"{team.path}/projects", params=query)
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


async def test_create(organization_team: OrganizationTeam):
    """The response is the project with the creator's role; the trail records it."""
    team = organization_team
    body = {"name": "Apollo", "description": "To the moon."}

    answer = await team.admin.post(f"{team.path}/projects", body)

    assert answer.status_code == 201
    created = answer.json()
    assert created == {
        **ProjectTeam(team, created["id"]).inherited("ADMIN", "ADMIN"),
        "id": created["id"],
        "organizationId": team.id,
        "name": "Apollo",
        "description": "To the moon.",
        "createdById": team.admin.id,
        "createdAt": created["createdAt"],
        "updatedAt": created["updatedAt"],
    }
    read = await team.admin.get(f"{team.path}/projects/{created['id']}")
    assert read.json() == created
    assert await team.actions() == ["project.created"]


async def test_members_cannot_create(organization_team: OrganizationTeam):
    """Admins and owners of the organization can; strangers do not learn that it exists."""
    team = organization_team
    stranger = await team.api.person("stranger")
    refused = await team.member.post(f"{team.path}/projects", {"name": "P"})
    unknown = await stranger.post(f"{team.path}/projects", {"name": "P"})

    assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
    assert unknown.status_code == 404
    assert await team.api.owner.project.count() == 0


async def test_a_name_tells_nothing_of_other_projects(organization_team: OrganizationTeam):
    """Projects may have the same name: a refusal would tell of those that a member cannot see."""
    team = organization_team
    await make_project(team, "Apollo")
    second = await make_project(team, "Gemini")

    created = await team.owner.post(f"{team.path}/projects", {"name": "Apollo"})
    renamed = await team.owner.patch(second.path, {"name": "Apollo"})

    assert (created.status_code, renamed.status_code) == (201, 200)
    assert await names(team, team.owner) == ["Apollo"] * 3


async def test_list_in_pages(organization_team: OrganizationTeam):
    """The newest is first; every project comes once, with the caller's role."""
    team = organization_team
    made = [await make_project(team, f"P{number}") for number in range(5)]

    found: list[dict[str, Any]] = []
    cursor = None
    while cursor is not None or not found:
        query = {"take": 2} | ({"cursor": cursor} if cursor else {})
        page = (await team.member.get(f"{team.path}/projects", params=query)).json()
        found += page["items"]
        cursor = page["nextCursor"]

    assert [item["id"] for item in found] == sorted((each.id for each in made), reverse=True)
    for item in found:
        shape = made[0].inherited("VIEWER", "MEMBER")
        assert {key: item[key] for key in shape} == shape


async def test_list_without_a_base_role(organization_team: OrganizationTeam):
    """A member who inherits nothing sees the projects in which they have a role, in pages too."""
    team = organization_team
    made = [await make_project(team, f"P{number}") for number in range(4)]
    await made[0].set_base(None)
    await made[1].set_own(team.member, ProjectRole.VIEWER)
    await made[3].set_own(team.member, ProjectRole.ADMIN)
    await made[2].set_own(team.member, None)

    assert sorted(await names(team, team.member)) == ["P1", "P3"]
    assert len(await names(team, team.member, take=1)) == 1
    assert len(await names(team, team.admin)) == len(await names(team, team.owner)) == 4


async def test_a_role_in_one_project_hides_no_other(organization_team: OrganizationTeam):
    """A member with a role of their own in one project still sees those that they inherit."""
    team = organization_team
    made = [await make_project(team, f"P{number}") for number in range(3)]
    await made[0].set_own(team.member, ProjectRole.EDITOR)

    assert sorted(await names(team, team.member)) == ["P0", "P1", "P2"]
    for each in made:
        listed = (await team.owner.get(f"{each.path}/members")).json()["items"]
        assert {item["userId"] for item in listed} == set(await team.roles())


async def test_change(project: ProjectTeam):
    """Editors change what they name, and omitted fields stay; viewers change nothing."""
    team = project.organization
    await project.set_own(team.member, ProjectRole.EDITOR)

    changed = await team.member.patch(project.path, {"description": "New."})
    await project.set_organization_role(team.admin, OrgRole.MEMBER)
    refused = await team.admin.patch(project.path, {"name": "Other"})

    assert changed.status_code == 200
    assert changed.json().items() >= {"name": "Project", "description": "New."}.items()
    assert changed.json().items() >= project.own("EDITOR", "raised", "MEMBER").items()
    assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
    assert await team.actions() == ["project.changed"]
    assert (await team.admin.get(project.path)).json()["name"] == "Project"


async def test_an_empty_change_records_nothing(project: ProjectTeam):
    """The response is the project as it is."""
    answer = await project.owner.patch(project.path, {})

    assert answer.status_code == 200
    assert await project.organization.actions() == []


async def test_delete(project: ProjectTeam):
    """Admins of the project delete it with its members; editors do not."""
    team = project.organization
    await project.set_own(team.member, ProjectRole.EDITOR)
    refused = await team.member.delete(project.path)

    deleted = await team.admin.delete(project.path)

    assert (refused.status_code, deleted.status_code) == (403, 204)
    assert (await team.owner.get(project.path)).status_code == 404
    assert await team.api.owner.project.count() == 0
    assert await team.api.owner.projectmember.count() == 0
    assert await team.actions() == ["project.deleted"]


async def test_no_access_is_not_found(api: Api, project: ProjectTeam):
    """Strangers, members without access and wrong ids get the same answer."""
    team, other = project.organization, await make_organization_team(api, "blue")
    await project.set_base(None)
    elsewhere = await make_project(other)

    answers = [
        await other.owner.get(project.path),
        await team.member.get(project.path),
        await team.owner.get(f"{team.path}/projects/{elsewhere.id}"),
        await team.owner.get(f"{team.path}/projects/{new_uuid()}"),
        await team.owner.get(f"{team.path}/projects/{project.id.upper()}"),
        await team.owner.get(f"{team.path}/projects/nonsense"),
        await team.owner.get(f"/v1/organizations/nonsense/projects/{project.id}"),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (404, "project_not_found")


async def test_deleting_the_organization(project: ProjectTeam):
    """Its projects end with it."""
    team = project.organization
    await project.set_own(team.member, ProjectRole.ADMIN)

    await team.delete()

    assert await team.api.owner.project.count() == 0
    assert await team.api.owner.projectmember.count() == 0
