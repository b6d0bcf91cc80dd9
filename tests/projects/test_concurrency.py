"""Contradicting changes at the same time: one comes first, and the others see its effect."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from itertools import pairwise
from typing import Any

from httpx import Response
from prisma.enums import OrgRole, ProjectRole

from tests.fix_api import PASSWORD, Person
from tests.fix_team import OrganizationTeam
from tests.projects.project_team import ProjectTeam, make_project


async def at_once(*requests: Awaitable[Response]) -> list[Response]:
    answers = list(await asyncio.gather(*requests))
    assert max(answer.status_code for answer in answers) < 500
    return answers


def statuses(answers: list[Response]) -> dict[int, int]:
    return dict(Counter(answer.status_code for answer in answers))


async def changes(project: ProjectTeam, person: Person) -> list[dict[str, Any]]:
    """Return what the trail records about a person's own role in a project, oldest first."""
    rows = await project.organization.api.owner.query_raw(
        """
        SELECT "details" FROM "AuditEvent"
        WHERE "action" LIKE 'project_role.%' AND "subjectId" = $1
            AND "details" ->> 'projectId' = $2
        ORDER BY ctid
        """,
        person.id,
        project.id,
    )
    return [row["details"] for row in rows]


async def stored_role(project: ProjectTeam, person: Person) -> str | None:
    """Return the role of their own that is stored for a person."""
    found = await project.organization.api.owner.projectmember.find_first(
        where={"projectId": project.id, "userId": person.id}
    )
    return found.role if found else None


async def require_true_trail(project: ProjectTeam, person: Person) -> None:
    """Fail unless each change starts where the one before ended, and the last one is stored."""
    found = await changes(project, person)
    assert all(later["before"] == earlier.get("role") for earlier, later in pairwise(found))
    assert (found[-1].get("role") if found else None) == await stored_role(project, person)


async def test_different_roles_of_one_member(project: ProjectTeam):
    """All happen one after the other, and each response was true when it was given."""
    path = project.role_path(project.member)
    requests = [
        *(
            person.put(path, {"role": role})
            for person in (project.owner, project.admin)
            for role in ProjectRole
        ),
        project.owner.delete(path),
    ]

    answers = await at_once(*requests)

    assert statuses(answers) == {200: len(requests)}
    assert await project.organization.api.owner.projectmember.count() <= 1
    await require_true_trail(project, project.member)


async def test_a_role_of_somebody_who_deletes_their_account(project: ProjectTeam):
    """The role is set before, or the member is not found; nothing of them remains."""
    team = project.organization
    for number in range(4):
        person = await team.joined(f"leaver{number}")
        requests = [
            project.owner.put(project.role_path(person), {"role": "EDITOR"}),
            person.delete("/v1/me", {"password": PASSWORD}),
        ]
        answers = await at_once(*(requests if number % 2 else reversed(requests)))

        assert statuses(answers)[204] == 1
        assert person.id not in await team.roles()
        assert await stored_role(project, person) is None


async def test_a_role_in_a_project_that_is_deleted(organization_team: OrganizationTeam):
    """The role is set before, or the project is not found; no row remains."""
    team = organization_team
    for number in range(4):
        project = await make_project(team, f"P{number}")
        requests = [
            team.owner.put(project.role_path(team.member), {"role": "EDITOR"}),
            team.owner.delete(project.path),
            team.admin.patch(project.path, {"description": "Changed"}),
            team.admin.delete(project.path),
        ]
        answers = await at_once(*(requests if number % 2 else reversed(requests)))

        assert statuses(answers)[204] == 1
        assert await stored_role(project, team.member) is None
        assert (await team.owner.get(project.path)).status_code == 404


async def test_admins_lower_themselves_and_each_other(project: ProjectTeam):
    """Whoever was lowered first lowers nobody; the owner stays an admin of the project."""
    team = project.organization
    for number in range(4):
        one, other = [await team.joined(f"{name}{number}", OrgRole.ADMIN) for name in "ab"]
        body = {"role": "VIEWER", "confirm": True}
        answers = await at_once(
            *(
                caller.put(project.role_path(person), body)
                for caller in (one, other)
                for person in (one, other)
            )
        )

        assert set(statuses(answers)) <= {200, 403}
        for person in (one, other):
            await require_true_trail(project, person)
            assert len(await changes(project, person)) <= 1
        assert await stored_role(project, project.owner) is None


async def test_a_role_is_set_and_given_up(project: ProjectTeam):
    """The last of the two applies, and both answers are true."""
    await project.set_base(None)
    for number in range(4):
        person = await project.organization.joined(f"holder{number}")
        await project.set_own(person, ProjectRole.EDITOR)
        path = project.role_path(person)
        requests = [
            project.owner.put(path, {"role": "VIEWER"}),
            person.delete(path, params={"confirm": True}),
        ]
        answers = await at_once(*(requests if number % 2 else reversed(requests)))

        assert statuses(answers) == {200: 2}
        await require_true_trail(project, person)
