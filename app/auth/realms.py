"""Realms: the accounts that log in at one place, as the service's own users or those of a tenant.

Passwords, sessions, refresh tokens and links in mails work alike in all realms. A realm says where
they are stored, in which scope they are found, and what distinguishes them from those of another.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, LiteralString, Protocol, TypeVar

from prisma import Prisma
from prisma.enums import EmailTokenPurpose
from prisma.models import User

from app.auth.tokens import Tokens
from app.database.scope import use_scope

RowT_co = TypeVar("RowT_co", covariant=True)


@dataclass(slots=True)
class Account:
    """Who logs in; the database stores more of them than that."""

    id: str
    email: str
    name: str | None
    password_hash: str | None
    # Whether they have shown that they read the mail of their address.
    is_confirmed: bool


class SessionRow(Protocol):
    id: str
    userId: str  # the database's names
    createdAt: datetime
    expiresAt: datetime


class RefreshTokenRow(Protocol):
    id: str
    hash: str
    sessionId: str
    userId: str
    expiresAt: datetime
    rotatedAt: datetime | None


class LinkRow(Protocol):
    id: str
    userId: str
    email: str
    expiresAt: datetime


class Rows(Protocol[RowT_co]):
    """The generated actions of either kind's table, whose conditions have types of their own."""

    async def find_first(self, *, where: Any) -> RowT_co | None: ...

    async def create(self, data: Any) -> RowT_co: ...

    async def create_many(self, data: Any) -> int: ...

    async def update_many(self, data: Any, where: Any) -> int: ...

    async def delete_many(self, where: Any) -> int: ...


@dataclass(frozen=True, slots=True)
class TableNames:
    """The tables of a realm as SQL quotes their names, for what Prisma cannot express."""

    account: LiteralString
    session: LiteralString
    refresh_token: LiteralString


@dataclass(frozen=True, slots=True)
class LinkKind:
    """What links in mails are for, and how long they work."""

    name: str
    # The columns that say what a link is for, where there are links of several kinds.
    columns: Mapping[str, object]
    # Below PUBLIC_URL.
    page: str
    lifetime: timedelta


class Realm(ABC):
    """The accounts of one place, and what belongs to their log-ins."""

    # What mails call the place.
    name: str
    tables: TableNames
    # The columns that each row of the realm has, which limit each query to it.
    columns: Mapping[str, str]
    # Links by which users set another password.
    reset_link: LinkKind
    # Whether somebody who asks for a link to an address without an account is told so by mail.
    mails_strangers: bool

    @abstractmethod
    def distinguish(self, text: str) -> str:
        """Return a text that names something of this realm as no other realm names anything."""

    @abstractmethod
    def use_scope(self, *, user: str = "", key: str = "") -> AbstractContextManager[None]:
        """Run the queries of a `with` block as a user of the realm, or with a key."""

    @abstractmethod
    def access_token(self, tokens: Tokens, *, user: str, session: str) -> str:
        """Return an access token of the kind that the realm's routes accept."""

    @abstractmethod
    async def find_by_email(self, client: Prisma, email: str) -> Account | None:
        """Return the account of an address, or None if the scope shows none."""

    @abstractmethod
    async def find_by_id(self, client: Prisma, id_: str) -> Account | None:
        """Return the account with an id, or None if the scope shows none."""

    @abstractmethod
    def confirmation(self, account: Account) -> Mapping[str, object]:
        """Return the columns to change once the holder has shown that they read their mail."""

    @abstractmethod
    def accounts(self, client: Prisma) -> Rows[Any]: ...

    @abstractmethod
    def sessions(self, client: Prisma) -> Rows[SessionRow]: ...

    @abstractmethod
    def refresh_tokens(self, client: Prisma) -> Rows[RefreshTokenRow]: ...

    @abstractmethod
    def links(self, client: Prisma) -> Rows[LinkRow]: ...


class ServiceRealm(Realm):
    """The users of the service."""

    name = "Tenantry"
    tables = TableNames('"User"', '"Session"', '"RefreshToken"')
    columns = MappingProxyType[str, str]({})
    reset_link = LinkKind(
        "reset", {"purpose": EmailTokenPurpose.reset}, "reset-password", timedelta(hours=1)
    )
    mails_strangers = True

    def distinguish(self, text: str) -> str:
        return text

    def use_scope(self, *, user: str = "", key: str = "") -> AbstractContextManager[None]:
        return use_scope(user=user, key=key)

    def access_token(self, tokens: Tokens, *, user: str, session: str) -> str:
        return tokens.access(user=user, session=session)

    async def find_by_email(self, client: Prisma, email: str) -> Account | None:
        found = await client.user.find_unique(where={"email": email})
        return to_account(found) if found else None

    async def find_by_id(self, client: Prisma, id_: str) -> Account | None:
        found = await client.user.find_unique(where={"id": id_})
        return to_account(found) if found else None

    def confirmation(self, account: Account) -> Mapping[str, object]:
        return {} if account.is_confirmed else {"emailConfirmedAt": datetime.now(UTC)}

    def accounts(self, client: Prisma) -> Rows[Any]:
        return client.user

    def sessions(self, client: Prisma) -> Rows[SessionRow]:
        return client.session

    def refresh_tokens(self, client: Prisma) -> Rows[RefreshTokenRow]:
        return client.refreshtoken

    def links(self, client: Prisma) -> Rows[LinkRow]:
        return client.emailtoken


SERVICE = ServiceRealm()


def to_account(user: User) -> Account:
    """Return the account of a user of the service."""
    is_confirmed = user.emailConfirmedAt is not None
    return Account(user.id, user.email, user.name, user.passwordHash, is_confirmed)
