"""HTTP routes of projects, their members and their roles."""

from typing import Annotated

from fastapi import Body, Query

from app.http.description import domain_router
from app.http.pages import Page, Pagination
from app.http.problems import problems
from app.http.requests import CurrentSettings, UserId
from app.impersonation import writable_while_impersonating
from app.organizations import OrgAdminScope, OrgMemberScope
from app.projects import explanation, members, preview, rules
from app.projects.roles import MemberRoleView
from app.projects.schemas import (
    ExplanationRequest,
    MyProject,
    NewProject,
    NewProjectRole,
    ProjectChange,
    ProjectMembership,
    RoleChange,
    RoleExplanation,
    RolePreview,
    RoleRequest,
)
from app.projects.scope import ProjectAdminScope, ProjectEditorScope, ProjectViewerScope

router = domain_router()
_ALL = "/organizations/{organizationId}/projects"
_ONE = f"{_ALL}/{{projectId}}"
_ROLE = f"{_ONE}/members/{{userId}}/role"


@router.get(_ONE, tags=["projects"])
async def read_project(scope: ProjectViewerScope) -> MyProject:
    """Return a project, and your role in it."""
    return rules.project_view(scope.project, scope.access)


@router.post(_ALL, tags=["projects"], status_code=201)
@writable_while_impersonating
async def create_project(scope: OrgAdminScope, body: NewProject) -> MyProject:
    """Create a project. Every member of the organization inherits a role in it, or none."""
    return await rules.create(scope, name=body.name, description=body.description)


@router.get(_ALL, tags=["projects"])
async def list_projects(scope: OrgMemberScope, pages: Pagination) -> Page[MyProject]:
    """List the projects in which you have a role, newest first."""
    return await rules.list_mine(scope, pages)


@router.patch(_ONE, tags=["projects"])
@writable_while_impersonating
async def change_project(
    scope: ProjectEditorScope, body: Annotated[ProjectChange, Body()]
) -> MyProject:
    """Change the name or description; omitted fields stay unchanged."""
    return await rules.change(scope, body)


@router.delete(_ONE, tags=["projects"], status_code=204)
async def delete_project(scope: ProjectAdminScope) -> None:
    """Delete the project with everything in it."""
    await rules.delete(scope)


@router.get(f"{_ONE}/members", tags=["project members"])
async def list_project_members(
    scope: ProjectViewerScope, pages: Pagination
) -> Page[ProjectMembership]:
    """List the members who have access, with the roles that apply and their sources, by user id."""
    return await members.list_members(scope, pages)


@router.put(_ROLE, tags=["project members"], responses=problems(409))
async def set_project_role(
    scope: ProjectAdminScope, user_id: UserId, body: NewProjectRole
) -> MemberRoleView:
    """Give a member of the organization a role of their own in the project."""
    return await members.set_role(scope, user=user_id, role=body.role, confirm=body.confirm)


@router.delete(_ROLE, tags=["project members"], responses=problems(403, 409))
async def reset_project_role(
    scope: ProjectViewerScope,
    user_id: UserId,
    confirm: Annotated[bool, Query(description="Required to lower your own role.")] = False,
) -> MemberRoleView:
    """Return a member to inheritance; the response is the role that now applies."""
    return await members.reset_role(scope, user=user_id, confirm=confirm)


@router.get(f"{_ONE}/effective-role", tags=["project members"], responses=problems(403))
async def read_effective_role(
    scope: ProjectViewerScope, asked: Annotated[RoleRequest, Query()]
) -> MemberRoleView:
    """Return the role that applies to you or, if you are an admin, to another member."""
    return await members.read_role(scope, user=str(asked.userId) if asked.userId else None)


@router.get(f"{_ONE}/role-explanation", tags=["project members"], responses=problems(403, 409))
async def explain_project_role(
    scope: ProjectViewerScope,
    asked: Annotated[ExplanationRequest, Query()],
    settings: CurrentSettings,
) -> RoleExplanation:
    """Explain your role or, if you are an admin, another member's, now or at a past moment."""
    return await explanation.explain(
        scope,
        user=str(asked.userId) if asked.userId else None,
        at=asked.at,
        audit_days=settings.audit_days,
    )


@router.post(f"{_ONE}/role-preview", tags=["project members"], responses=problems(403, 409))
async def preview_role_change(scope: ProjectViewerScope, body: RoleChange) -> RolePreview:
    """Return what a change would grant or revoke in the project; it needs the same rights."""
    return await preview.preview(scope, body.change)
