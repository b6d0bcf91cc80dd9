"""Invitations: sent to an address, accepted by the user who has it, whatever they lead into.

The `invitations` module of each kind of tenancy adds what differs: who may invite whom, and how an
accepted invitation makes a member.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypedDict, TypeVar

from prisma import Prisma
from prisma.enums import OrgRole, WorkspaceRole
from prisma.errors import UniqueViolationError
from prisma.models import Invitation
from prisma.types import InvitationOrderByInput, InvitationWhereInput

from app import audit, mail
from app.auth import Caller, hash_secret, new_secret, throttle
from app.auth.errors import not_signed_in
from app.database.scope import use_scope
from app.db import prisma
from app.http.pages import Identified, Page, PageRequest
from app.kit.ids import is_uuid
from app.tenancy import mails, recipients
from app.tenancy.errors import (
    already_invited,
    email_not_confirmed,
    invitation_expired,
    invitation_not_found,
)
from app.tenancy.locks import lock_user
from app.tenancy.transactions import TenancyTransaction

LIFETIME = timedelta(days=7)
# Each invitation sends a mail to an address of the caller's choice.
_BY_ONE_USER = throttle.Limit("invitations", 100, timedelta(hours=1))
_TO_ONE_ADDRESS = throttle.Limit("invitations to address", 20, timedelta(days=1))

ViewT = TypeVar("ViewT", bound=Identified)


class InTenancy(TypedDict, total=False):
    """The tenancy of an invitation: one of these columns, which limits queries to it."""

    workspaceId: str
    organizationId: str


class InvitedRole(TypedDict, total=False):
    """The role that an invitation gives, in the column of its kind."""

    role: WorkspaceRole
    organizationRole: OrgRole


class InvitationReader(Protocol[ViewT]):
    """Reads invitations as what the API returns: `InvitationActions(prisma, View)`."""

    async def find_many(
        self, take: int, *, where: InvitationWhereInput, order: InvitationOrderByInput
    ) -> list[ViewT]: ...


async def count_mails(user: str, email: str) -> None:
    """Count an invitation by a user to an address, before its transaction; raise 429."""
    await throttle.attempt(_BY_ONE_USER, user)
    await throttle.attempt(_TO_ONE_ADDRESS, f"{user} {mail.mailbox(email)}")
    await recipients.count_mail(email)


async def create(
    transaction: TenancyTransaction[Any, Any],
    tenancy: InTenancy,
    role: InvitedRole,
    *,
    email: str,
    public_url: str,
) -> tuple[Invitation, str]:
    """Invite an address; return the invitation and its token. An expired one is replaced."""
    tx, scope = transaction.tx, transaction.scope
    token, now = new_secret(), datetime.now(UTC)
    await tx.invitation.delete_many(where={**tenancy, "email": email, "expiresAt": {"lte": now}})
    try:
        invitation = await tx.invitation.create(
            {
                **tenancy,
                **role,
                "hash": hash_secret(token),
                "email": email,
                "invitedById": scope.user.id,
                "expiresAt": now + LIFETIME,
            }
        )
    except UniqueViolationError:
        raise already_invited() from None
    await transaction.record(
        "invitation.created", subject=invitation.id, email=email, role=_role(invitation)
    )
    await mails.invitation(
        tx,
        to=email,
        inviter=scope.caller_name,
        noun=scope.roles.noun,
        name=scope.name,
        role=_role(invitation),
        # Browsers do not send the fragment, so no server's log has the token.
        link=f"{public_url}/accept-invitation#token={token}",
        lifetime=LIFETIME,
    )
    return invitation, token


async def list_pending(
    invitations: InvitationReader[ViewT], tenancy: InTenancy, pages: PageRequest, *, list_: str
) -> "Page[ViewT]":
    """Return the invitations of a tenancy that nobody has accepted, newest first."""
    where: InvitationWhereInput = {**tenancy}
    if after := pages.after(list_):
        where["id"] = {"lt": after}
    rows = await invitations.find_many(pages.take + 1, where=where, order={"id": "desc"})
    return pages.page(list_, rows)


async def find_pending(tx: Prisma, tenancy: InTenancy, *, id_: str) -> Invitation:
    """Return an invitation of a tenancy; raise 404 if there is none."""
    found = await tx.invitation.find_first(where={**tenancy, "id": id_}) if is_uuid(id_) else None
    if found is None:
        raise invitation_not_found()
    return found


async def revoke(transaction: TenancyTransaction[Any, Any], invitation: Invitation) -> None:
    """Delete an invitation, which invalidates its token."""
    await transaction.tx.invitation.delete_many(where={"id": invitation.id})
    await transaction.record("invitation.revoked", subject=invitation.id, email=invitation.email)


async def find_by_token(caller: Caller, token: str) -> Invitation:
    """Return the invitation to the caller's confirmed address that has a token.

    Anybody else who has the token gets the same 404 as for an unknown token.
    """
    if caller.user.emailConfirmedAt is None:
        raise email_not_confirmed()
    with use_scope(user=caller.user.id, key=hash_secret(token)):
        found = await prisma.invitation.find_unique(where={"hash": hash_secret(token)})
    if found is None or found.email != caller.user.email:
        raise invitation_not_found()
    if found.expiresAt <= datetime.now(UTC):
        raise invitation_expired()
    return found


@asynccontextmanager
async def accepting(
    caller: Caller,
    invitation: Invitation,
    trail: audit.Trail,
    *,
    lock: Callable[[Prisma], Awaitable[None]],
) -> AsyncGenerator[Prisma]:
    """Open the transaction in which the caller becomes a member; use up the invitation in it.

    It locks the caller and then, by `lock`, the tenancy. Raise 404 if the invitation was accepted
    or revoked meanwhile.
    """
    with use_scope(user=caller.user.id, **trail):
        async with prisma.tx() as tx:
            if not await lock_user(tx, caller.user.id):
                raise not_signed_in()
            await lock(tx)
            if not await tx.invitation.delete_many(where={"id": invitation.id}):
                raise invitation_not_found()
            yield tx
            await audit.record(
                tx,
                "invitation.accepted",
                actor=caller.user.id,
                subject=invitation.id,
                **trail,
                email=invitation.email,
                role=_role(invitation),
            )


def _role(invitation: Invitation) -> str:
    return invitation.role or invitation.organizationRole or ""
