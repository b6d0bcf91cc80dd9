"""Request and response bodies of projects, their members and their roles."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from prisma.enums import ProjectRole
from prisma.partials import Person, ProjectView
from pydantic import AwareDatetime, BaseModel, Field
from typing_extensions import TypedDict

from app.kit.schemas import Input, Name, Text, input_config
from app.organizations import BaseRole, GivenOrgRole
from app.projects.roles import MemberRoleView, ProjectRoleView, RoleSource


class NewProject(Input):
    name: Name
    description: Text | None = None


# A TypedDict, because a model cannot tell an omitted field from null.
@input_config
class ProjectChange(TypedDict, total=False):
    name: Name
    description: Text | None


class MyProject(ProjectRoleView, ProjectView):
    """A project and the caller's role in it."""


class ProjectMembership(MemberRoleView):
    """A member who has access to a project, and their role in it."""

    id: str = Field(exclude=True)  # the position in a page
    user: Person


class NewProjectRole(Input):
    role: ProjectRole
    confirm: Annotated[bool, Field(description="Required to lower your own role.")] = False


class RoleRequest(BaseModel):
    """Whose role is asked for."""

    userId: Annotated[UUID | None, Field(description="By default your own.")] = None


class ExplanationRequest(RoleRequest):
    """Whose role is explained, and at which moment."""

    at: Annotated[
        AwareDatetime | None,
        Field(description="A past moment with an offset, as RFC 3339 writes it. By default now."),
    ] = None


class RoleRule(StrEnum):
    """A rule that leads to a role in a project."""

    organization_role = "organization_role"
    own_role = "own_role"
    owner_rule = "owner_rule"


class RolePath(BaseModel):
    """A rule that applies to a member, and the role to which it leads."""

    rule: RoleRule
    role: ProjectRole | None
    source: RoleSource
    reason: str
    wins: bool
    overrides: list[RoleRule]


class RoleExplanation(MemberRoleView):
    """A member's role at a moment, with every rule that leads to one."""

    at: Annotated[datetime | None, Field(description="The requested moment; null means now.")]
    paths: list[RolePath]


class ProjectRoleChange(Input):
    """Set a member's own role in the project; null returns to inheritance."""

    type: Literal["project_role"]
    userId: UUID
    role: ProjectRole | None


class OrganizationRoleChange(Input):
    """Change a member's role in the organization."""

    type: Literal["organization_role"]
    userId: UUID
    role: GivenOrgRole


class BaseRoleChange(Input):
    """Change the role that members of the organization inherit; null means no access."""

    type: Literal["member_base_role"]
    role: BaseRole | None


class RoleChange(Input):
    """The change whose effect on the project is asked for."""

    change: Annotated[
        ProjectRoleChange | OrganizationRoleChange | BaseRoleChange, Field(discriminator="type")
    ]


class RoleDifference(BaseModel):
    """What a change would do to one member."""

    userId: str
    before: ProjectRoleView
    after: ProjectRoleView


class RolePreview(BaseModel):
    """The members whose role in the project a change would replace, by user id."""

    count: int
    changes: Annotated[list[RoleDifference], Field(description="The first 100.")]
