"""Create workspaces with members directly in the database, without HTTP."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from prisma import Prisma
from prisma.enums import OrgRole, WorkspaceRole
from prisma.models import Organization

from app.auth import hash_secret, new_secret
from app.workspaces import new_workspace_id
from tests.fix_api import Api, Person


@dataclass
class Team:
    """A workspace with an owner, an admin and a member."""

    api: Api
    name: str
    id: str
    owner: Person
    admin: Person
    member: Person

    @property
    def name_shown(self) -> str:
        return f"Team {self.name}"

    @property
    def path(self) -> str:
        return f"/v1/workspaces/{self.id}"

    async def joined(self, name: str, role: WorkspaceRole = WorkspaceRole.member) -> Person:
        """Create another user and make them a member."""
        person = await self.api.person(f"{name}.{self.name}")
        await self.add(person, role)
        return person

    async def add(self, person: Person, role: WorkspaceRole = WorkspaceRole.member) -> None:
        """Make a user a member."""
        await self.api.owner.workspacemember.create(
            {"workspaceId": self.id, "userId": person.id, "role": role}
        )

    async def invited(
        self,
        email: str,
        *,
        role: WorkspaceRole = WorkspaceRole.member,
        expires: timedelta = timedelta(days=1),
    ) -> tuple[str, str]:
        """Create an invitation; return its id and its token."""
        token = new_secret()
        invitation = await self.api.owner.invitation.create(
            {
                "workspaceId": self.id,
                "email": email,
                "role": role,
                "hash": hash_secret(token),
                "invitedById": self.owner.id,
                "expiresAt": datetime.now(UTC) + expires,
            }
        )
        return invitation.id, token

    async def offered(self, person: Person, *, expires: timedelta = timedelta(days=1)) -> None:
        """Create a pending transfer of the workspace to a member."""
        await self.api.owner.workspacetransfer.create(
            {
                "workspaceId": self.id,
                "userId": person.id,
                "expiresAt": datetime.now(UTC) + expires,
            }
        )

    async def transferred(self, person: Person) -> None:
        """Make a member the owner."""
        await self.api.owner.workspace.update(
            where={"id": self.id}, data={"owner": {"connect": {"id": person.id}}}
        )

    async def roles(self) -> dict[str, str]:
        """Return the role of each member, by user id."""
        members = await self.api.owner.workspacemember.find_many(where={"workspaceId": self.id})
        return {member.userId: member.role for member in members}

    async def actions(self) -> list[str]:
        """Return the actions in the audit trail, oldest first."""
        # In the order of insertion: ids of the same millisecond are not ordered.
        events = await self.api.owner.query_raw(
            'SELECT action FROM "AuditEvent" WHERE "workspaceId" = $1 ORDER BY ctid', self.id
        )
        return [event["action"] for event in events]


async def create_organization(owner: Prisma, user: str, name: str) -> Organization:
    """Create an organization with an owner."""
    async with owner.tx() as tx:
        organization = await tx.organization.create({"name": name, "createdById": user})
        await tx.organizationmember.create(
            {"organizationId": organization.id, "userId": user, "role": OrgRole.OWNER}
        )
    return organization


async def make_team(api: Api, name: str) -> Team:
    """Create a workspace with an owner, an admin and a member."""
    owner, admin, member = [
        await api.person(f"{role}.{name}") for role in ("owner", "admin", "member")
    ]
    workspace = await api.owner.workspace.create(
        {"id": new_workspace_id(), "name": f"Team {name}", "ownerId": owner.id}
    )
    team = Team(api, name, workspace.id, owner, admin, member)
    await team.add(admin, WorkspaceRole.admin)
    await team.add(member)
    return team


@pytest.fixture
async def team(api: Api) -> Team:
    return await make_team(api, "red")
