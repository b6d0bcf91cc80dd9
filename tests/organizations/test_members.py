"""Members of an organization: listing, changing roles, removing, leaving."""

from datetime import UTC, datetime

import pytest
from httpx import Response
from prisma.enums import OrgRole, ProjectRole

from tests.fix_api import Api, Person
from tests.fix_team import OrganizationTeam, make_organization_team

NOBODY = "00000000-0000-7000-8000-000000000000"
NO_USERS = ("nobody", NOBODY, "%00", f"{NOBODY}0")


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def member(team: OrganizationTeam, person: Person, *, confirm: bool = False) -> str:
    query = "?confirm=true" if confirm else ""
    return f"{team.path}/members/{person.id}{query}"


async def step_down(team: OrganizationTeam, person: Person, role: str = "MEMBER") -> Response:
    return await person.patch(member(team, person), {"role": role, "confirm": True})


async def test_list(organization_team: OrganizationTeam):
    """The list has each member with user and role, in the order of joining, and no other fields."""
    team = organization_team
    # They were created in one statement, at one moment.
    for day, person in enumerate((team.admin, team.owner, team.member), start=1):
        await team.api.owner.organizationmember.update_many(
            where={"userId": person.id}, data={"joinedAt": datetime(2026, 1, day, tzinfo=UTC)}
        )
    page = (await team.member.get(f"{team.path}/members")).json()

    assert [item["role"] for item in page["items"]] == ["ADMIN", "OWNER", "MEMBER"]
    assert page["items"][-1].keys() == {"userId", "role", "joinedAt", "user"}
    assert page["items"][-1]["user"] == {
        "id": team.member.id,
        "email": team.member.email,
        "name": "Member.Red",
    }


async def test_list_in_pages(organization_team: OrganizationTeam):
    """Each member once, even if several joined at the same moment."""
    team = organization_team
    moment = (await team.api.owner.organizationmember.find_first_or_raise()).joinedAt
    for number in range(4):
        await team.joined(f"n{number}")
    await team.api.owner.organizationmember.update_many(where={}, data={"joinedAt": moment})

    seen: list[str] = []
    path, cursor = f"{team.path}/members?take=3", ""
    while cursor is not None:
        page = (await team.member.get(path + cursor)).json()
        seen += [item["userId"] for item in page["items"]]
        cursor = f"&cursor={page['nextCursor']}" if page["nextCursor"] else None

    assert sorted(seen) == sorted(await team.roles())


async def test_change_a_role(organization_team: OrganizationTeam):
    """An owner makes a member an admin and back; the trail has both roles; no change, no event."""
    team = organization_team
    for role in ("ADMIN", "ADMIN", "MEMBER"):
        answer = await team.owner.patch(member(team, team.member), {"role": role})
        assert answer.status_code == 200
        assert (answer.json()["userId"], answer.json()["role"]) == (team.member.id, role)

    assert await team.events() == [
        ("member.role_changed", team.member.id, {"before": "MEMBER", "role": "ADMIN"}),
        ("member.role_changed", team.member.id, {"before": "ADMIN", "role": "MEMBER"}),
    ]


async def test_bad_roles_change_nothing(organization_team: OrganizationTeam):
    """Ownership is not assigned, and other roles do not exist."""
    team = organization_team
    for body in ({}, {"role": "OWNER"}, {"role": "admin"}, {"role": "ADMIN", "confirm": "maybe"}):
        answer = await team.owner.patch(member(team, team.member), body)
        assert problem(answer) == (422, "validation_failed")
    answer = await team.owner.delete(f"{member(team, team.member)}?confirm=maybe")
    assert problem(answer) == (422, "validation_failed")
    assert await team.actions() == []


@pytest.mark.parametrize("user", NO_USERS)
async def test_who_is_no_member_is_not_found(organization_team: OrganizationTeam, user: str):
    """Whatever the id, the answer is the same, for users of other organizations too."""
    team = organization_team
    other = await make_organization_team(team.api, "blue")
    for id_ in (user, other.member.id):
        path = f"{team.path}/members/{id_}"
        assert problem(await team.owner.patch(path, {"role": "ADMIN"})) == (404, "member_not_found")
        assert problem(await team.owner.delete(path)) == (404, "member_not_found")
    assert other.member.id in await other.roles()


async def test_co_owners_do_not_manage_each_other(organization_team: OrganizationTeam):
    """Nobody manages a member of the same role, not even an owner another owner."""
    team = organization_team
    other = await team.joined("other", OrgRole.OWNER)
    admin = await team.joined("another", OrgRole.ADMIN)

    for caller, target in ((team.owner, other), (team.admin, admin), (team.admin, other)):
        answer = await caller.patch(member(team, target), {"role": "MEMBER"})
        assert problem(answer) == (403, "role_not_lower")
        answer = await caller.delete(member(team, target, confirm=True))
        assert problem(answer) == (403, "role_not_lower")
    assert await team.actions() == []


async def test_lower_yourself(organization_team: OrganizationTeam):
    """It needs to be confirmed, and takes effect with the next request."""
    team = organization_team
    await team.joined("other", OrgRole.OWNER)
    for person, before in ((team.owner, "OWNER"), (team.admin, "ADMIN")):
        for body in ({"role": "MEMBER"}, {"role": "MEMBER", "confirm": False}):
            answer = await person.patch(member(team, person), body)
            assert problem(answer) == (409, "confirmation_needed")
        assert (await team.roles())[person.id] == before
        assert (await step_down(team, person)).json()["role"] == "MEMBER"
        answer = await person.patch(team.path, {"name": "New"})
        assert problem(answer) == (403, "role_too_low")
        assert (await team.events())[-1] == (
            "member.role_changed", person.id, {"before": before, "role": "MEMBER"},
        )  # fmt: skip


async def test_your_own_role_again(organization_team: OrganizationTeam):
    """It lowers nothing, so it needs no confirmation and leaves no event."""
    team = organization_team
    answer = await team.admin.patch(member(team, team.admin), {"role": "ADMIN"})
    assert (answer.status_code, answer.json()["role"]) == (200, "ADMIN")
    assert await team.actions() == []


async def test_the_last_owner_stays(organization_team: OrganizationTeam):
    """Confirmed or not, they neither step down nor leave, until there is another owner."""
    team = organization_team
    for confirm in (False, True):
        lowering = {"role": "ADMIN", "confirm": confirm}
        answer = await team.owner.patch(member(team, team.owner), lowering)
        assert problem(answer) == (409, "last_owner")
        answer = await team.owner.delete(member(team, team.owner, confirm=confirm))
        assert problem(answer) == (409, "last_owner")
    assert await team.owners() == {team.owner.id}
    assert await team.actions() == []

    other = await team.joined("other", OrgRole.OWNER)
    assert (await team.owner.delete(member(team, team.owner, confirm=True))).status_code == 204
    assert await team.owners() == {other.id}
    assert problem(await step_down(team, other)) == (409, "last_owner")


async def test_leave(organization_team: OrganizationTeam):
    """It needs to be confirmed; afterwards the organization does not exist for who left."""
    team = organization_team
    answer = await team.member.delete(member(team, team.member))
    assert problem(answer) == (409, "confirmation_needed")

    assert (await team.member.delete(member(team, team.member, confirm=True))).status_code == 204

    assert (await team.member.get(team.path)).status_code == 404
    assert await team.events() == [("member.left", team.member.id, {"role": "MEMBER"})]


async def test_remove(organization_team: OrganizationTeam):
    """An admin removes a member, once; it needs no confirmation."""
    team = organization_team
    assert (await team.admin.delete(member(team, team.member))).status_code == 204
    again = await team.admin.delete(member(team, team.member))
    assert problem(again) == (404, "member_not_found")
    assert await team.events() == [("member.removed", team.member.id, {"role": "MEMBER"})]


@pytest.mark.parametrize("how", ["left", "removed"])
async def test_roles_in_projects_end_with_the_membership(api: Api, how: str):
    """Each role of one's own leaves an event with what it was; others' roles stay."""
    team, blue = [await make_organization_team(api, name) for name in ("red", "blue")]
    await blue.add(team.member)
    ended = [await project_role(team, team.member, f"P{n}", ProjectRole.EDITOR) for n in range(3)]
    await project_role(team, team.member, "inherited", None)
    kept = [
        await project_role(team, team.admin, "of another member", ProjectRole.VIEWER),
        await project_role(blue, team.member, "of another organization", ProjectRole.ADMIN),
    ]
    caller = team.member if how == "left" else team.owner

    answer = await caller.delete(member(team, team.member, confirm=True))

    assert answer.status_code == 204
    *resets, last = await team.events()
    assert last == (f"member.{how}", team.member.id, {"role": "MEMBER"})
    assert {(action, subject) for action, subject, _ in resets} == {
        ("project_role.reset", team.member.id)
    }
    details = [
        {"projectId": project, "before": "EDITOR", "reason": f"member {how}"} for project in ended
    ]
    assert all(each in details for _, _, each in resets)
    assert len(resets) == 3
    rows = await api.owner.projectmember.find_many()
    assert sorted(row.projectId for row in rows) == sorted(kept)
    assert await blue.actions() == []


async def project_role(
    team: OrganizationTeam, person: Person, name: str, role: ProjectRole | None
) -> str:
    """Create a project in which a member has a role, or inherits one; return its id."""
    owner = team.api.owner
    project = await owner.project.create({"organizationId": team.id, "name": name})
    await owner.projectmember.create(
        {
            "organizationId": team.id,
            "projectId": project.id,
            "userId": person.id,
            "role": role,
            "inheritedFromOrg": role is None,
        }
    )
    return project.id
