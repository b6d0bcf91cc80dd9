"""Request and response bodies of workspaces, members, invitations and transfers."""

from enum import StrEnum
from uuid import UUID

from prisma import partials
from prisma.enums import WorkspaceRole
from prisma.partials import PendingInvitation, WorkspaceView
from pydantic import Field
from typing_extensions import TypedDict

from app.kit.schemas import Email, Input, Name, Text, input_config


class GivenRole(StrEnum):
    """A role that can be assigned. Ownership is transferred instead."""

    admin = "admin"
    member = "member"

    @property
    def role(self) -> WorkspaceRole:
        return WorkspaceRole(self.value)


class NewWorkspace(Input):
    name: Name
    description: Text | None = None


# A TypedDict, because a model cannot tell an omitted field from null.
@input_config
class WorkspaceChange(TypedDict, total=False):
    name: Name
    description: Text | None
    impersonationAllowed: bool


class MyWorkspace(WorkspaceView):
    """A workspace and the caller's role in it."""

    role: WorkspaceRole


class Membership(partials.Membership):
    """A member, their role, and when they joined."""

    id: str = Field(exclude=True)  # the position in a page


class NewOwner(Input):
    userId: UUID


class NewMember(Input):
    userId: UUID
    role: GivenRole = GivenRole.member


class NewRole(Input):
    role: GivenRole


class NewInvitation(Input):
    email: Email
    role: GivenRole = GivenRole.member


class IssuedInvitation(PendingInvitation):
    """A new invitation with its token, which is never shown again."""

    token: str
