"""What the tests know about the routes of app/projects."""

from collections.abc import AsyncIterator, Mapping

from prisma.enums import ProjectRole

from app.kit.ids import FIRST_UUID, LAST_UUID
from tests.domains import Domain, Request
from tests.fix_api import Person
from tests.fix_team import Team
from tests.projects.roles import ROLES_OF_PAGE


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    admin, member = team.admin, team.member
    projects, project = f"{team.organization.path}/projects", team.project_path
    role = f"{project}/members/{member.id}/role"

    yield "create_project", lambda: admin.post(projects, {"name": "Another"})
    yield "list_projects", lambda: member.get(projects)
    yield "read_project", lambda: member.get(project)
    yield "change_project", lambda: admin.patch(project, {"name": "Renamed"})
    yield "list_project_members", lambda: member.get(f"{project}/members")
    yield "set_project_role", lambda: admin.put(role, {"role": "EDITOR"})
    yield "read_effective_role", lambda: admin.get(f"{project}/effective-role?userId={member.id}")
    yield "explain_project_role", lambda: member.get(f"{project}/role-explanation")
    change = {"type": "project_role", "userId": member.id, "role": "ADMIN"}
    preview = {"change": change}
    yield "preview_role_change", lambda: admin.post(f"{project}/role-preview", preview)
    yield "reset_project_role", lambda: admin.delete(role)
    yield "delete_project", lambda: admin.delete(project)


async def _make_rows(team: Team, person: Person) -> Mapping[str, str]:
    await team.owner.post(f"{team.organization.path}/projects", {"name": f"Second of {team.name}"})
    await team.joined_project(f"holder.{person.id}", ProjectRole.EDITOR)
    return {}


DOMAIN = Domain(
    writable_while_impersonating=frozenset({"create_project", "change_project"}),
    writable_tables=frozenset({"Project"}),
    statements={
        "create_project": 8,
        "list_projects": 2,
        "read_project": 1,
        "change_project": 8,
        "delete_project": 7,
        "list_project_members": 2,
        "set_project_role": 10,
        "reset_project_role": 10,
        "read_effective_role": 2,
        "explain_project_role": 3,
        "preview_role_change": 11,
    },
    requests=_requests,
    audited={
        "create_project": ("project.created",),
        "change_project": ("project.changed",),
        "delete_project": ("project.deleted",),
        "set_project_role": ("project_role.set",),
        "reset_project_role": ("project_role.reset",),
        "preview_role_change": (),
    },
    roles=ROLES_OF_PAGE,
    make_rows=_make_rows,
    bodies={
        "create_project": lambda _: {"name": "Mine"},
        "change_project": lambda _: {"name": "Changed"},
        "set_project_role": lambda _: {"role": "EDITOR"},
        "preview_role_change": lambda target: {
            "change": {"type": "project_role", "userId": target["userId"], "role": "EDITOR"}
        },
    },
    lists={
        "list_projects": ("{organization}", "{user}", LAST_UUID),
        "list_project_members": ("{organization}", "{projectId}", FIRST_UUID),
    },
)
