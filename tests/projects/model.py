"""A plain model of project roles, which the database's answers are compared with."""

from dataclasses import dataclass, field
from typing import Literal

from prisma.enums import OrgRole, ProjectRole

Effect = Literal["inherited", "raised", "lowered"]
# The highest first.
_ORDER = (ProjectRole.ADMIN, ProjectRole.EDITOR, ProjectRole.VIEWER, None)


@dataclass(frozen=True)
class Resolved:
    """What a member may do in a project, and where that comes from."""

    role: ProjectRole | None
    inheritedFromOrg: bool
    effect: Effect
    organizationRole: OrgRole
    sourceType: Literal["organization", "project"]


@dataclass
class Model:
    """An organization with projects: the facts that decide roles."""

    base: ProjectRole | None = ProjectRole.VIEWER
    members: dict[str, OrgRole] = field(default_factory=dict[str, OrgRole])
    # By project and user.
    own: dict[tuple[str, str], ProjectRole] = field(
        default_factory=dict[tuple[str, str], ProjectRole]
    )

    def leave(self, user: str) -> None:
        """End a membership, and the project roles with it."""
        del self.members[user]
        self.own = {key: role for key, role in self.own.items() if key[1] != user}

    def become_owner(self, user: str) -> None:
        """Make a member an owner, which ends own roles below ADMIN."""
        self.members[user] = OrgRole.OWNER
        self.own = {
            key: role
            for key, role in self.own.items()
            if key[1] != user or role is ProjectRole.ADMIN
        }

    def set_own(self, project: str, user: str, role: ProjectRole | None) -> None:
        """Give a member a role of their own, or take it back."""
        self.own.pop((project, user), None)
        if role is not None:
            self.own[project, user] = role

    def resolve(self, project: str, user: str) -> Resolved | None:
        """Return what a user may do in a project, or None if they are no member."""
        if user not in self.members:
            return None
        return resolve(self.members[user], self.base, self.own.get((project, user)))

    def resolve_all(self, project: str) -> dict[str, Resolved | None]:
        return {user: self.resolve(project, user) for user in self.members}


def resolve(
    organization_role: OrgRole, base: ProjectRole | None, own: ProjectRole | None
) -> Resolved:
    """Apply the rules, as docs/roles.md states them, to the facts."""
    inherited = base if organization_role is OrgRole.MEMBER else ProjectRole.ADMIN
    is_ignored = organization_role is OrgRole.OWNER and own is not ProjectRole.ADMIN
    if own is None or is_ignored:
        return Resolved(inherited, True, "inherited", organization_role, "organization")
    difference = _ORDER.index(inherited) - _ORDER.index(own)
    effect: Effect = "raised" if difference > 0 else "lowered" if difference else "inherited"
    return Resolved(own, False, effect, organization_role, "project")
