"""Invitations to a workspace: sent to an address, accepted by the user who has it."""

from datetime import UTC, datetime, timedelta

from prisma.actions import InvitationActions
from prisma.enums import WorkspaceRole
from prisma.errors import UniqueViolationError
from prisma.partials import PendingInvitation
from prisma.types import InvitationWhereInput

from app import audit, mail
from app.auth import Caller, hash_secret, new_secret, throttle
from app.auth.errors import not_signed_in
from app.database.scope import use_scope
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.kit.ids import is_uuid
from app.tenancy import lock_user
from app.workspaces import mails, recipients
from app.workspaces.errors import (
    already_invited,
    already_member,
    email_not_confirmed,
    invitation_expired,
    invitation_not_found,
)
from app.workspaces.ids import WorkspaceId
from app.workspaces.locks import lock_workspace
from app.workspaces.membership import in_workspace
from app.workspaces.rights import WORKSPACE_ROLES
from app.workspaces.rules import workspace_view
from app.workspaces.schemas import IssuedInvitation, MyWorkspace
from app.workspaces.scope import WorkspaceScope
from app.workspaces.transactions import workspace_transaction

LIFETIME = timedelta(days=7)
# Each invitation sends a mail to an address of the caller's choice.
_BY_ONE_USER = throttle.Limit("invitations", 100, timedelta(hours=1))
_TO_ONE_ADDRESS = throttle.Limit("invitations to address", 20, timedelta(days=1))
_pending = InvitationActions(prisma, PendingInvitation)


async def invite(
    scope: WorkspaceScope, *, email: str, role: WorkspaceRole, public_url: str
) -> IssuedInvitation:
    """Invite an address; an expired invitation is replaced."""
    await throttle.attempt(_BY_ONE_USER, scope.user.id)
    await throttle.attempt(_TO_ONE_ADDRESS, f"{scope.user.id} {mail.mailbox(email)}")
    await recipients.count_mail(email)
    token = new_secret()
    async with workspace_transaction(scope, min_role=WorkspaceRole.admin) as transaction:
        WORKSPACE_ROLES.require_below(transaction.role, role)
        if await transaction.tx.workspacemember.count(
            where={**in_workspace(scope.id), "user": {"is": {"email": email}}}
        ):
            raise already_member()
        now = datetime.now(UTC)
        await transaction.tx.invitation.delete_many(
            where={**in_workspace(scope.id), "email": email, "expiresAt": {"lte": now}}
        )
        try:
            invitation = await transaction.tx.invitation.create(
                {
                    **in_workspace(scope.id),
                    "hash": hash_secret(token),
                    "email": email,
                    "role": role,
                    "invitedById": scope.user.id,
                    "expiresAt": now + LIFETIME,
                }
            )
        except UniqueViolationError:
            raise already_invited() from None
        await transaction.record(
            "invitation.created", subject=invitation.id, email=email, role=role
        )
        await mails.invitation(
            transaction.tx,
            to=email,
            inviter=scope.user.name or scope.user.email,
            workspace=scope.workspace.name,
            # Browsers do not send the fragment, so no server's log has the token.
            link=f"{public_url}/accept-invitation#token={token}",
            lifetime=LIFETIME,
        )
    mail.wake_sender()
    return IssuedInvitation.model_validate({**vars(invitation), "token": token})


async def list_pending(scope: WorkspaceScope, pages: PageRequest) -> Page[PendingInvitation]:
    """Return the invitations that nobody has accepted, newest first."""
    list_ = f"invitations of {scope.id}"
    where: InvitationWhereInput = {**in_workspace(scope.id)}
    if after := pages.after(list_):
        where["id"] = {"lt": after}
    rows = await _pending.find_many(where=where, order={"id": "desc"}, take=pages.take + 1)
    return pages.page(list_, rows)


async def revoke(scope: WorkspaceScope, *, invitation: str) -> None:
    """Delete an invitation, which invalidates its token."""
    async with workspace_transaction(scope, min_role=WorkspaceRole.admin) as transaction:
        found = (
            await transaction.tx.invitation.find_first(
                where={**in_workspace(scope.id), "id": invitation}
            )
            if is_uuid(invitation)
            else None
        )
        if found is None:
            raise invitation_not_found()
        WORKSPACE_ROLES.require_below(transaction.role, WorkspaceRole(found.role))
        await transaction.tx.invitation.delete_many(where={"id": found.id})
        await transaction.record("invitation.revoked", subject=found.id, email=found.email)


async def accept(caller: Caller, *, token: str) -> MyWorkspace:
    """Make the caller a member by an invitation to their confirmed address.

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
    id_ = WorkspaceId(found.workspaceId or "")
    with use_scope(user=caller.user.id, workspace=id_):
        async with prisma.tx() as tx:
            if not await lock_user(tx, caller.user.id):
                raise not_signed_in()
            await lock_workspace(tx, id_)
            if not await tx.invitation.delete_many(where={"id": found.id}):
                raise invitation_not_found()  # accepted or revoked meanwhile
            try:
                member = await tx.workspacemember.create(
                    {
                        **in_workspace(id_),
                        "userId": caller.user.id,
                        "role": WorkspaceRole(found.role),
                    },
                    include={"workspace": True},
                )
            except UniqueViolationError:
                raise already_member() from None
            await audit.record(
                tx,
                "invitation.accepted",
                actor=caller.user.id,
                workspace=id_,
                subject=found.id,
                email=found.email,
                role=found.role,
            )
    if member.workspace is None:
        raise invitation_not_found()
    return workspace_view(member.workspace, member.role)
