"""Request and response bodies of organizations and their members."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from prisma import partials
from prisma.enums import OrgRole, ProjectRole
from prisma.partials import OrganizationView
from pydantic import AfterValidator, Field, WithJsonSchema
from typing_extensions import TypedDict

from app.kit.schemas import Email, Input, Name, input_config


class GivenOrgRole(StrEnum):
    """A role that an admin or owner can assign. Ownership is transferred or invited to instead."""

    ADMIN = "ADMIN"
    MEMBER = "MEMBER"

    @property
    def role(self) -> OrgRole:
        return OrgRole(self.value)


def _base_role(role: ProjectRole) -> ProjectRole:
    if role is ProjectRole.ADMIN:
        raise ValueError("must be EDITOR, VIEWER or null: only owners and admins inherit ADMIN")
    return role


BaseRole = Annotated[
    ProjectRole,
    AfterValidator(_base_role),
    WithJsonSchema({"type": "string", "enum": ["EDITOR", "VIEWER"]}),
]


class NewOrganization(Input):
    name: Name


class MyOrganization(OrganizationView):
    """An organization and the caller's role in it."""

    role: OrgRole


# A TypedDict, because a model cannot tell an omitted field from null.
@input_config
class OrganizationChange(TypedDict, total=False):
    name: Name
    memberBaseRole: BaseRole | None
    impersonationAllowed: bool


class OrganizationMembership(partials.OrganizationMembership):
    """A member, their role, and when they joined."""

    id: str = Field(exclude=True)  # the position in a page


class NewOrgRole(Input):
    role: GivenOrgRole
    confirm: bool = Field(default=False, description="Required to lower your own role.")


class NewOrganizationOwner(Input):
    userId: UUID
    keepsOwnership: bool = Field(
        default=False, description="Stay an owner too, instead of becoming an admin."
    )


class NewOrganizationInvitation(Input):
    email: Email
    role: OrgRole = OrgRole.MEMBER


class PendingOrganizationInvitation(partials.PendingOrganizationInvitation):
    """An invitation to an organization that nobody has accepted."""

    # Invitations of all kinds have the same fields.
    organizationRole: OrgRole = Field(serialization_alias="role")


class IssuedOrganizationInvitation(PendingOrganizationInvitation):
    """A new invitation with its token, which is never shown again."""

    token: str
