"""What the deletion of an account does to the organizations of its user."""

from prisma.enums import OrgRole, ProjectRole

from tests.fix_api import PASSWORD, Person
from tests.fix_team import OrganizationTeam
from tests.organizations.test_members import project_role


async def delete_account(person: Person) -> None:
    answer = await person.delete("/v1/me", {"password": PASSWORD})
    assert answer.status_code == 204, answer.text


async def test_the_only_owner(organization_team: OrganizationTeam):
    """The organization is deleted with everything in it, except its trail, which tells why."""
    team, owner = organization_team, organization_team.api.owner
    await project_role(team, team.member, "Project", ProjectRole.EDITOR)
    await team.offered(team.member)
    await team.invited("guest@example.com")

    await delete_account(team.owner)

    assert (await team.admin.get(team.path)).status_code == 404
    assert await team.roles() == {}
    assert await owner.organization.count() + await owner.project.count() == 0
    assert await owner.organizationtransfer.count() + await owner.invitation.count() == 0
    assert {user.id for user in await owner.user.find_many()} == {team.admin.id, team.member.id}
    details = {"role": "OWNER", "reason": "account deleted"}
    assert await team.events() == [("organization.deleted", team.id, details)]


async def test_one_of_several_owners(organization_team: OrganizationTeam):
    """The organization stays with its other owner; their offer ends with who made it."""
    team = organization_team
    other = await team.joined("other", OrgRole.OWNER)
    await team.offered(team.member)

    await delete_account(team.owner)

    assert await team.owners() == {other.id}
    assert (await other.patch(team.path, {"name": "Mine"})).status_code == 200
    assert await team.api.owner.organizationtransfer.count() == 0
    details = {"role": "OWNER", "reason": "account deleted"}
    assert (await team.events())[0] == ("member.left", team.owner.id, details)


async def test_all_owners_at_once(organization_team: OrganizationTeam):
    """An operator may delete several accounts in one statement; the organization goes with them."""
    team = organization_team
    other = await team.joined("other", OrgRole.OWNER)

    await team.api.owner.user.delete_many(where={"id": {"in": [team.owner.id, other.id]}})

    assert await team.api.owner.organization.count() == 0
    assert await team.api.owner.user.count() == 2


async def test_a_member(organization_team: OrganizationTeam):
    """The trail tells that they left, and which roles in projects ended with that."""
    team = organization_team
    project = await project_role(team, team.member, "Project", ProjectRole.EDITOR)
    await project_role(team, team.member, "Inherited", None)

    await delete_account(team.member)

    assert await team.roles() == {team.owner.id: "OWNER", team.admin.id: "ADMIN"}
    assert await team.api.owner.projectmember.count() == 0
    reason = {"reason": "account deleted"}
    assert await team.events() == [
        (
            "project_role.reset",
            team.member.id,
            {"projectId": project, "before": "EDITOR", **reason},
        ),
        ("member.left", team.member.id, {"role": "MEMBER", **reason}),
    ]


async def test_who_created_an_organization_is_forgotten(organization_team: OrganizationTeam):
    """A creator who left has no part in it: deleting their account leaves it unchanged."""
    team = organization_team
    other = await team.joined("other", OrgRole.OWNER)
    await team.owner.delete(f"{team.path}/members/{team.owner.id}?confirm=true")

    await delete_account(team.owner)

    assert await team.owners() == {other.id}
    row = await team.api.owner.organization.find_first_or_raise()
    assert row.createdById is None
