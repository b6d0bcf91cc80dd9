"""The scope of a request: a tenancy, its caller and their role in it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol

from prisma import Prisma

from app.audit import Trail
from app.http.problems import Problem
from app.tenancy.roles import RoleOrder, RoleT


class TenancyUser(Protocol):
    """The caller's account, as far as requests in any tenancy read it."""

    id: str
    email: str


class MembershipUser(TenancyUser, Protocol):
    """The caller's account at the service, by which they are a member."""

    name: str | None


@dataclass(frozen=True, slots=True)
class TenancyScope(ABC, Generic[RoleT]):
    """Base class of the scopes. What it declares is all that the shared rules know of a tenancy."""

    user: TenancyUser
    role: RoleT

    roles: ClassVar[RoleOrder[Any]]

    @property
    @abstractmethod
    def id(self) -> str: ...

    @property
    @abstractmethod
    def name(self) -> str: ...

    @property
    @abstractmethod
    def where(self) -> Mapping[str, object]:
        """Return the part of a `where` that limits a query to the tenancy."""

    @property
    @abstractmethod
    def trail(self) -> Trail:
        """Return what names the audit trail."""

    @abstractmethod
    async def lock(self, tx: Prisma) -> None:
        """Lock the tenancy until the transaction ends; raise 404 if it was deleted."""

    @abstractmethod
    async def read_role(self, tx: Prisma, user: str) -> RoleT | None:
        """Return a user's current role, or None if they have none."""

    @abstractmethod
    def not_found(self) -> Problem:
        """Return the 404 that strangers get."""


@dataclass(frozen=True, slots=True)
class MembershipScope(TenancyScope[RoleT]):
    """Base class of the scopes that users of the service join and may come to own."""

    user: MembershipUser

    @property
    def caller_name(self) -> str:
        return self.user.name or self.user.email

    @abstractmethod
    async def read_email(self, tx: Prisma, user: str) -> str | None:
        """Return the address of a member, or None if there is no such member."""
