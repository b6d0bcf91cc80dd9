"""A project of an organization for tests, created directly in the database."""

from dataclasses import dataclass
from typing import Any

from prisma.enums import OrgRole, ProjectRole

from tests.fix_api import Person
from tests.fix_team import OrganizationTeam


@dataclass
class ProjectTeam:
    """A project, and the organization with an owner, an admin and a member."""

    organization: OrganizationTeam
    id: str

    @property
    def path(self) -> str:
        return f"{self.organization.path}/projects/{self.id}"

    @property
    def owner(self) -> Person:
        return self.organization.owner

    @property
    def admin(self) -> Person:
        return self.organization.admin

    @property
    def member(self) -> Person:
        return self.organization.member

    def role_path(self, person: Person) -> str:
        return f"{self.path}/members/{person.id}/role"

    async def set_own(self, person: Person, role: ProjectRole | None) -> None:
        """Give a member a role of their own in the project, or a row that inherits."""
        await self.organization.api.owner.projectmember.create(
            {
                "organizationId": self.organization.id,
                "projectId": self.id,
                "userId": person.id,
                "role": role,
                "inheritedFromOrg": role is None,
            }
        )

    async def set_base(self, role: ProjectRole | None) -> None:
        """Set the role that members of the organization inherit."""
        await self.organization.api.owner.organization.update(
            where={"id": self.organization.id}, data={"memberBaseRole": role}
        )

    async def set_organization_role(self, person: Person, role: OrgRole) -> None:
        await self.organization.api.owner.organizationmember.update_many(
            where={"organizationId": self.organization.id, "userId": person.id},
            data={"role": role},
        )

    def inherited(self, role: str | None, organization_role: str) -> dict[str, Any]:
        """Return the fields of an inherited role, as each response has them."""
        return {
            "role": role,
            "inheritedFromOrg": True,
            "effect": "inherited",
            "organizationRole": organization_role,
            "source": {"type": "organization", "id": self.organization.id},
        }

    def own(self, role: str, effect: str, organization_role: str) -> dict[str, Any]:
        """Return the fields of a role of one's own, as each response has them."""
        return {
            "role": role,
            "inheritedFromOrg": False,
            "effect": effect,
            "organizationRole": organization_role,
            "source": {"type": "project", "id": self.id},
        }


async def make_project(team: OrganizationTeam, name: str = "Project") -> ProjectTeam:
    """Create a project in a team's organization."""
    project = await team.api.owner.project.create({"organizationId": team.id, "name": name})
    return ProjectTeam(team, project.id)
