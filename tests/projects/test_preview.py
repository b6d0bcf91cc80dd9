"""Previews of changes: what they would do, and that they do nothing."""

from typing import Any

import pytest
from prisma.enums import OrgRole, ProjectRole

from tests.fix_api import Person
from tests.projects.project_team import ProjectTeam


async def state(project: ProjectTeam) -> list[list[dict[str, Any]]]:
    """Return every row that a change or its record would touch."""
    owner = project.organization.api.owner
    tables = ("Organization", "OrganizationMember", "ProjectMember", "AuditEvent", "OutboxMail")
    return [
        await owner.query_raw(f'SELECT * FROM "{table}" ORDER BY id')  # pyright: ignore[reportArgumentType]  # constants
        for table in tables
    ]


async def preview(
    project: ProjectTeam, caller: Person, change: dict[str, Any], status: int = 200
) -> dict[str, Any]:
    """Preview a change, and require that it stores nothing."""
    before = await state(project)
    answer = await caller.post(f"{project.path}/role-preview", {"change": change})
    assert answer.status_code == status, answer.text
    assert await state(project) == before
    return answer.json()


async def test_a_project_role(project: ProjectTeam):
    """The member's role before and after."""
    change = {"type": "project_role", "userId": project.member.id, "role": "EDITOR"}

    found = await preview(project, project.admin, change)

    (difference,) = found["changes"]
    assert found["count"] == 1
    assert difference["userId"] == project.member.id
    assert difference["before"].items() >= project.inherited("VIEWER", "MEMBER").items()
    assert difference["after"].items() >= project.own("EDITOR", "raised", "MEMBER").items()


async def test_returning_to_inheritance(project: ProjectTeam):
    """Access that would be revoked is a role of null; your own needs no confirmation here."""
    await project.set_base(None)
    await project.set_own(project.member, ProjectRole.EDITOR)
    change = {"type": "project_role", "userId": project.member.id, "role": None}

    found = await preview(project, project.member, change)

    (difference,) = found["changes"]
    assert (difference["before"]["role"], difference["after"]["role"]) == ("EDITOR", None)


async def test_an_organization_role(project: ProjectTeam):
    """What it would do to the role in this project."""
    change = {"type": "organization_role", "userId": project.member.id, "role": "ADMIN"}

    found = await preview(project, project.owner, change)

    (difference,) = found["changes"]
    assert difference["after"].items() >= project.inherited("ADMIN", "ADMIN").items()


async def test_a_base_role(project: ProjectTeam):
    """Those who inherit it, and not those with a role of their own; the first hundred by id."""
    team = project.organization
    people = [await team.joined(f"m{number}") for number in range(3)]
    await project.set_own(people[0], ProjectRole.EDITOR)

    found = await preview(project, project.owner, {"type": "member_base_role", "role": None})

    expected = sorted([project.member.id, people[1].id, people[2].id])
    assert [each["userId"] for each in found["changes"]] == expected
    assert found["count"] == 3
    assert {each["after"]["role"] for each in found["changes"]} == {None}
    same = await preview(project, project.owner, {"type": "member_base_role", "role": "VIEWER"})
    assert same == {"count": 0, "changes": []}


@pytest.mark.parametrize(
    ("caller", "change", "status", "code"),
    [
        ("member", {"type": "project_role", "role": "ADMIN"}, 403, "role_too_low"),
        ("member", {"type": "organization_role", "role": "ADMIN"}, 403, "role_too_low"),
        ("admin", {"type": "organization_role", "role": "ADMIN"}, 403, "role_not_lower"),
        ("admin", {"type": "member_base_role", "role": None}, 403, "role_too_low"),
    ],
)
async def test_the_same_rights(
    project: ProjectTeam, caller: str, change: dict[str, Any], status: int, code: str
):
    """Whoever may not make a change may not preview it."""
    person: Person = getattr(project, caller)
    other = await project.organization.joined("other", OrgRole.MEMBER)
    if change["type"] != "member_base_role":
        change = {**change, "userId": other.id}

    assert (await preview(project, person, change, status))["code"] == code


async def test_the_same_refusals(project: ProjectTeam):
    """An owner is not lowered, and the last owner stays one."""
    owner = project.owner
    lower = {"type": "project_role", "userId": owner.id, "role": "VIEWER"}
    step_down = {"type": "organization_role", "userId": owner.id, "role": "ADMIN"}

    assert (await preview(project, owner, lower, 409))["code"] == "owner_not_lowered"
    assert (await preview(project, owner, step_down, 409))["code"] == "last_owner"


async def test_a_preview_leaves_no_lock(project: ProjectTeam):
    """The change itself works right after its preview."""
    change = {"type": "project_role", "userId": project.member.id, "role": "EDITOR"}
    found = await preview(project, project.owner, change)

    made = await project.owner.put(project.role_path(project.member), {"role": "EDITOR"})

    assert made.json() == found["changes"][0]["after"] | {"userId": project.member.id}
