"""Roles in order, and who may manage whom; docs/roles.md shows the same as tables.

A route names the minimum role of its caller. Members and invitations can only be managed by someone
with a higher role, who can only assign roles below their own.
"""

from enum import StrEnum
from typing import Generic, TypeVar

from app.tenancy.errors import role_not_lower, role_too_low

RoleT = TypeVar("RoleT", bound=StrEnum)


class RoleOrder(Generic[RoleT]):
    """The roles that users have in a tenancy or a project: `noun` names it."""

    def __init__(self, *roles: RoleT, noun: str) -> None:
        """Take the roles in their order, the highest first."""
        self.noun = noun
        self._rank = {role: -number for number, role in enumerate(roles)}

    def is_below(self, role: RoleT, other: RoleT) -> bool:
        """Return whether a role is lower than another one."""
        return self._rank[role] < self._rank[other]

    def require(self, role: RoleT, min_role: RoleT) -> None:
        """Raise 403 if a role is below the minimum."""
        if self.is_below(role, min_role):
            raise role_too_low(min_role.value, self.noun)

    def require_below(self, role: RoleT, *others: RoleT) -> None:
        """Raise 403 unless every other role is below `role`."""
        if not all(self.is_below(other, role) for other in others):
            raise role_not_lower()
