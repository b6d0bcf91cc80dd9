"""Create workspaces and organizations with members directly in the database, without HTTP.

A team also has a tenant, which tests/fix_tenant.py creates.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Generic, LiteralString, TypeAlias, TypeVar

import pytest
from prisma import Prisma
from prisma.enums import OrgRole, ProjectRole, WorkspaceRole
from prisma.models import Organization
from prisma.types import InvitationOptionalCreateInput

from app.auth import hash_secret, new_secret
from app.workspaces import new_workspace_id
from tests.fix_api import Api, Person
from tests.fix_tenant import TenantTeam, make_tenant_team

RoleT = TypeVar("RoleT", WorkspaceRole, OrgRole)


@dataclass
class TenancyTeam(ABC, Generic[RoleT]):
    """A workspace or an organization with an owner, an admin and a member."""

    noun: ClassVar[str]
    # A statement that locks all tenancies of this kind.
    lock: ClassVar[LiteralString]

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
    @abstractmethod
    def path(self) -> str: ...

    @abstractmethod
    def role(self, name: str) -> RoleT:
        """Return the role of this kind of tenancy with a name in lower case."""

    @abstractmethod
    async def add(self, person: Person, role: RoleT | None = None) -> None:
        """Make a user a member, with the lowest role unless another is given."""

    @abstractmethod
    async def roles(self) -> dict[str, str]:
        """Return the role of each member, by user id."""

    @abstractmethod
    async def delete(self, tx: Prisma | None = None) -> None:
        """Delete the workspace or the organization, in a transaction if one is given."""

    @abstractmethod
    async def change_role(self, person: Person, role: RoleT, tx: Prisma) -> None:
        """Give a member another role, in a transaction."""

    @abstractmethod
    async def offered(self, person: Person, *, expires: timedelta = timedelta(days=1)) -> None:
        """Create a pending transfer of the ownership by the owner to a member."""

    @abstractmethod
    def _invitation(self, role: RoleT) -> InvitationOptionalCreateInput:
        """Return the columns that differ between invitations to different tenancies."""

    async def joined(self, name: str, role: RoleT | None = None) -> Person:
        """Create another user and make them a member."""
        person = await self.api.person(f"{name}.{self.name}")
        await self.add(person, role)
        return person

    async def invited(
        self,
        email: str,
        *,
        role: RoleT | None = None,
        expires: timedelta = timedelta(days=1),
    ) -> tuple[str, str]:
        """Create an invitation; return its id and its token."""
        token = new_secret()
        invitation = await self.api.owner.invitation.create(
            {
                **self._invitation(role or self.role("member")),
                "email": email,
                "hash": hash_secret(token),
                "invitedById": self.owner.id,
                "expiresAt": datetime.now(UTC) + expires,
            }
        )
        return invitation.id, token

    async def actions(self) -> list[str]:
        """Return the actions in the audit trail, oldest first."""
        # In the order of insertion: ids of the same millisecond are not ordered.
        events = await self.api.owner.query_raw(
            """
            SELECT action FROM "AuditEvent"
            WHERE coalesce("workspaceId", "organizationId"::text) = $1 ORDER BY ctid
            """,
            self.id,
        )
        return [event["action"] for event in events]


@dataclass
class Team(TenancyTeam[WorkspaceRole]):
    """A workspace with an owner, an admin and a member, who also have an organization.

    The organization has a project, in which each of them has the role that they inherit. The tenant
    of the team has users of its own.
    """

    noun = "workspace"
    lock = """SELECT id FROM "Workspace" FOR UPDATE"""

    organization: "OrganizationTeam"
    project: str
    tenant: TenantTeam

    @property
    def path(self) -> str:
        return f"/v1/workspaces/{self.id}"

    @property
    def project_path(self) -> str:
        return f"{self.organization.path}/projects/{self.project}"

    @property
    def places(self) -> dict[str, str]:
        """Return the ids of what the people have roles in, by the names of path parameters."""
        return {
            "workspaceId": self.id,
            "organizationId": self.organization.id,
            "projectId": self.project,
            "tenantId": self.tenant.id,
        }

    @property
    def people(self) -> tuple[Person, ...]:
        """Return everybody of the team: its users, and the users of its tenant."""
        return (self.owner, self.admin, self.member, self.tenant.admin, self.tenant.staff)

    def role(self, name: str) -> WorkspaceRole:
        return WorkspaceRole(name)

    async def add(self, person: Person, role: WorkspaceRole | None = None) -> None:
        await self.api.owner.workspacemember.create(
            {"workspaceId": self.id, "userId": person.id, "role": role or WorkspaceRole.member}
        )

    async def roles(self) -> dict[str, str]:
        members = await self.api.owner.workspacemember.find_many(where={"workspaceId": self.id})
        return {member.userId: member.role for member in members}

    async def delete(self, tx: Prisma | None = None) -> None:
        await (tx or self.api.owner).workspace.delete(where={"id": self.id})

    async def change_role(self, person: Person, role: WorkspaceRole, tx: Prisma) -> None:
        await tx.workspacemember.update_many(
            where={"workspaceId": self.id, "userId": person.id}, data={"role": role}
        )

    def _invitation(self, role: WorkspaceRole) -> InvitationOptionalCreateInput:
        return {"workspaceId": self.id, "role": role}

    async def offered(self, person: Person, *, expires: timedelta = timedelta(days=1)) -> None:
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

    async def joined_project(self, name: str, role: ProjectRole) -> Person:
        """Create another member of the organization, with a role of their own in the project."""
        person = await self.organization.joined(name)
        await self.api.owner.projectmember.create(
            {
                "organizationId": self.organization.id,
                "projectId": self.project,
                "userId": person.id,
                "role": role,
                "inheritedFromOrg": False,
            }
        )
        return person

    async def joined_no_project(self, name: str) -> Person:
        """Create another member of the organization, whose members inherit no role in projects."""
        await self.api.owner.organization.update(
            where={"id": self.organization.id}, data={"memberBaseRole": None}
        )
        return await self.organization.joined(name)


class OrganizationTeam(TenancyTeam[OrgRole]):
    """An organization with an owner, an admin and a member."""

    noun = "organization"
    lock = """SELECT id FROM "Organization" FOR UPDATE"""

    @property
    def path(self) -> str:
        return f"/v1/organizations/{self.id}"

    def role(self, name: str) -> OrgRole:
        return OrgRole(name.upper())

    async def add(self, person: Person, role: OrgRole | None = None) -> None:
        await self.api.owner.organizationmember.create(
            {"organizationId": self.id, "userId": person.id, "role": role or OrgRole.MEMBER}
        )

    async def roles(self) -> dict[str, str]:
        members = await self.api.owner.organizationmember.find_many(
            where={"organizationId": self.id}
        )
        return {member.userId: member.role for member in members}

    async def delete(self, tx: Prisma | None = None) -> None:
        await (tx or self.api.owner).organization.delete(where={"id": self.id})

    async def change_role(self, person: Person, role: OrgRole, tx: Prisma) -> None:
        await tx.organizationmember.update_many(
            where={"organizationId": self.id, "userId": person.id}, data={"role": role}
        )

    async def offered(
        self,
        person: Person,
        *,
        expires: timedelta = timedelta(days=1),
        keeps_ownership: bool = False,
    ) -> None:
        await self.api.owner.organizationtransfer.create(
            {
                "organizationId": self.id,
                "offeredById": self.owner.id,
                "userId": person.id,
                "keepsOwnership": keeps_ownership,
                "expiresAt": datetime.now(UTC) + expires,
            }
        )

    async def owners(self) -> set[str]:
        """Return the users who own the organization."""
        return {user for user, role in (await self.roles()).items() if role == OrgRole.OWNER}

    async def events(self) -> list[tuple[str, str, object]]:
        """Return action, subject and details of each event in the audit trail, oldest first."""
        events = await self.api.owner.query_raw(
            """
            SELECT "action", "subjectId", "details" FROM "AuditEvent"
            WHERE "organizationId" = $1::uuid ORDER BY ctid
            """,
            self.id,
        )
        return [(event["action"], event["subjectId"], event["details"]) for event in events]

    def _invitation(self, role: OrgRole) -> InvitationOptionalCreateInput:
        return {"organizationId": self.id, "organizationRole": role}


# A team of either kind, for tests of what holds for both.
AnyTeam: TypeAlias = TenancyTeam[Any]


async def create_organization(
    owner: Prisma, user: str, name: str, *, others: Mapping[str, OrgRole] | None = None
) -> Organization:
    """Create an organization with an owner, and with others by user id."""
    roles = {user: OrgRole.OWNER, **(others or {})}
    return await owner.organization.create(
        {
            "name": name,
            "createdById": user,
            "members": {"create": [{"userId": each, "role": roles[each]} for each in roles]},
        }
    )


async def make_people(api: Api, name: str) -> tuple[Person, Person, Person]:
    """Create users for the roles of a team: its owner, its admin and its member."""
    owner, admin, member = [
        await api.person(f"{role}.{name}") for role in ("owner", "admin", "member")
    ]
    return owner, admin, member


async def make_team(api: Api, name: str) -> Team:
    """Create a workspace and an organization with the same three people, and a tenant."""
    organization = await make_organization_team(api, name)
    owner, admin, member = organization.owner, organization.admin, organization.member
    project = await api.owner.project.create(
        {"organizationId": organization.id, "name": f"Team {name}'s project"}
    )
    workspace = await api.owner.workspace.create(
        {"id": new_workspace_id(), "name": f"Team {name}", "ownerId": owner.id}
    )
    tenant = await make_tenant_team(api, name)
    team = Team(api, name, workspace.id, owner, admin, member, organization, project.id, tenant)
    await team.add(admin, WorkspaceRole.admin)
    await team.add(member)
    return team


async def make_organization_team(api: Api, name: str) -> OrganizationTeam:
    """Create an organization with an owner, an admin and a member."""
    owner, admin, member = await make_people(api, name)
    others = {admin.id: OrgRole.ADMIN, member.id: OrgRole.MEMBER}
    made = await create_organization(api.owner, owner.id, f"Team {name}", others=others)
    return OrganizationTeam(api, name, made.id, owner, admin, member)


@pytest.fixture
async def team(api: Api) -> Team:
    return await make_team(api, "red")


@pytest.fixture
async def organization_team(api: Api) -> OrganizationTeam:
    return await make_organization_team(api, "red")


@pytest.fixture(params=[make_team, make_organization_team], ids=["workspace", "organization"])
async def any_team(api: Api, request: pytest.FixtureRequest) -> AnyTeam:
    return await request.param(api, "red")
