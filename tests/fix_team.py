"""Workspaces with people in them, made without going through HTTP."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from prisma.enums import WorkspaceRole

from app.auth import hash_secret, new_secret
from app.workspaces import new_workspace_id
from tests.fix_api import Api, Person


@dataclass
class Team:
    """A workspace with one of each role."""

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
        """Another member."""
        person = await self.api.person(f"{name}.{self.name}")
        await self.add(person, role)
        return person

    async def add(self, person: Person, role: WorkspaceRole = WorkspaceRole.member) -> None:
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
        """The id and the token of an invitation."""
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

    async def roles(self) -> dict[str, str]:
        """Who is what, as the database has it."""
        members = await self.api.owner.workspacemember.find_many(where={"workspaceId": self.id})
        return {member.userId: member.role for member in members}

    async def actions(self) -> list[str]:
        """What the trail tells, the oldest first."""
        # Where they lie says more than their ids, which are alike within a millisecond.
        events = await self.api.owner.query_raw(
            'SELECT action FROM "AuditEvent" WHERE "workspaceId" = $1 ORDER BY ctid', self.id
        )
        return [event["action"] for event in events]


async def make_team(api: Api, name: str) -> Team:
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
