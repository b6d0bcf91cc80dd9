"""The scope of a request: its project and the caller's role in it, resolved before its handler.

The type of a handler's argument states the minimum role: ProjectViewerScope, ProjectEditorScope or
ProjectAdminScope. A caller who has no role in the project gets 404, one with a lower role 403.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeAlias, TypedDict

from fastapi import Depends, Request
from prisma import Prisma
from prisma.enums import ProjectRole
from prisma.partials import OrganizationView, Person, ProjectView
from pydantic import BaseModel

from app.audit import Trail
from app.db import prisma
from app.http.description import declare_responses
from app.http.problems import Problem
from app.impersonation import TenancyCredentials
from app.kit.ids import FIRST_UUID, is_uuid
from app.organizations import (
    OrganizationId,
    OrganizationScope,
    in_organization,
    lock_organization,
)
from app.projects.errors import project_not_found
from app.projects.roles import PROJECT_ROLES, ROLE_COLUMNS, ProjectRoleView
from app.tenancy import TenancyScope, TenancyTransaction, open_transaction

# Read from the request: as declared parameters they would cost more time than verifying the token.
_PATH = {"organizationId": "A UUID.", "projectId": "A UUID."}

# Raw, because Prisma cannot call project_roles(). One statement reads the session, its user and, if
# the user has a role in it, the project with its organization: as one text, which pydantic parses
# faster than it validates columns of JSON.
RESOLVE = f"""
    SELECT json_build_object(
        'userId', "Session"."userId", 'usedAt', "Session"."usedAt",
        'expiresAt', "Session"."expiresAt", 'webSessionId', "Session"."webSessionId",
        'user', json_build_object(
            'id', "User"."id", 'email', "User"."email", 'name', "User"."name"
        ),
        'organization', "found"."organization", 'project', "found"."project",
        'access', "found"."access"
    )::text AS "session"
    FROM "Session"
    JOIN "User" ON "User"."id" = "Session"."userId"
    LEFT JOIN LATERAL (
        SELECT
            to_json("Organization") AS "organization",
            to_json("Project") AS "project",
            (SELECT to_json("access") FROM (SELECT {ROLE_COLUMNS}) AS "access") AS "access"
        FROM "Project"
        JOIN "Organization" ON "Organization"."id" = "Project"."organizationId"
        CROSS JOIN LATERAL
            project_roles("Project"."organizationId", "Project"."id") AS "resolved"
        WHERE "Project"."organizationId" = $2::uuid AND "Project"."id" = $3::uuid
            AND "resolved"."userId" = "Session"."userId" AND "resolved"."role" IS NOT NULL
    ) AS "found" ON true
    WHERE "Session"."id" = $1::uuid
"""  # noqa: S608  # built of constants
# The project may have been deleted since.
_READ_ROLE = """
    SELECT "resolved"."role"
    FROM "Project"
    CROSS JOIN LATERAL project_roles("Project"."organizationId", "Project"."id") AS "resolved"
    WHERE "Project"."organizationId" = $1::uuid AND "Project"."id" = $2::uuid
        AND "resolved"."userId" = $3::uuid
"""


class _ResolvedSession(BaseModel):
    userId: str
    usedAt: datetime
    expiresAt: datetime
    webSessionId: str | None
    user: Person
    # None if the user has no role in the project.
    organization: OrganizationView | None
    project: ProjectView | None
    access: ProjectRoleView | None


class InProject(TypedDict):
    """The part of a `where` that limits a query to one project."""

    organizationId: str
    projectId: str


@dataclass(frozen=True, slots=True)
class ProjectScope(TenancyScope[ProjectRole]):
    """A project, its caller, and the caller's role in it."""

    user: Person
    organization: OrganizationView
    project: ProjectView
    access: ProjectRoleView

    roles = PROJECT_ROLES

    @property
    def id(self) -> str:
        return self.project.id

    @property
    def organization_id(self) -> OrganizationId:
        return OrganizationId(self.organization.id)

    @property
    def name(self) -> str:
        return self.project.name

    @property
    def where(self) -> InProject:
        return {**in_organization(self.organization_id), "projectId": self.id}

    @property
    def trail(self) -> Trail:
        return {"organization": self.organization_id}

    async def lock(self, tx: Prisma) -> None:
        await lock_organization(tx, self.organization_id)

    async def read_role(self, tx: Prisma, user: str) -> ProjectRole | None:
        found = await tx.query_raw(_READ_ROLE, self.organization_id, self.id, user)
        return ProjectRole(found[0]["role"]) if found and found[0]["role"] else None

    def not_found(self) -> Problem:
        return project_not_found()

    def in_organization(self) -> OrganizationScope:
        """Return the scope of the project's organization, for changes of the organization."""
        return OrganizationScope(self.user, self.access.organizationRole, self.organization)


ProjectTransaction: TypeAlias = TenancyTransaction[ProjectScope, ProjectRole]


def project_transaction(
    scope: ProjectScope, *, min_role: ProjectRole
) -> AbstractAsyncContextManager[ProjectTransaction]:
    """Open a transaction that locks the organization; raise 403 if the role is now too low."""
    return open_transaction(scope, min_role=min_role)


class _ScopeDependency(TenancyCredentials):
    def __init__(self, min_role: ProjectRole) -> None:
        self._min_role = min_role

    async def __call__(self, request: Request) -> ProjectScope:
        claims = await self.read_claims(request)
        organization, project = (
            text if is_uuid(text := request.path_params[name]) else FIRST_UUID for name in _PATH
        )
        await self.enter_scope(
            request, claims, organization=organization, not_found=project_not_found
        )
        found = await prisma.query_first(RESOLVE, claims.session, organization, project)
        resolved = _ResolvedSession.model_validate_json(found["session"]) if found else None
        session = await self.verify_session(request, resolved, claims)
        access = session.access
        if not (session.organization and session.project and access and access.role):
            raise project_not_found()
        PROJECT_ROLES.require(access.role, self._min_role)
        return ProjectScope(
            session.user, access.role, session.organization, session.project, access
        )


def _require_scope(min_role: ProjectRole) -> Any:
    statuses = (404,) if min_role is ProjectRole.VIEWER else (403, 404)
    return Depends(declare_responses(*statuses, path=_PATH)(_ScopeDependency(min_role)))


ProjectViewerScope = Annotated[ProjectScope, _require_scope(ProjectRole.VIEWER)]
ProjectEditorScope = Annotated[ProjectScope, _require_scope(ProjectRole.EDITOR)]
ProjectAdminScope = Annotated[ProjectScope, _require_scope(ProjectRole.ADMIN)]
