"""Transfers of ownership: offered by the owner, and done once the named member accepts.

The database deletes an offer when the membership of either side ends or the owner changes.
"""

from datetime import UTC, datetime, timedelta

from prisma.actions import WorkspaceTransferActions
from prisma.enums import WorkspaceRole
from prisma.errors import UniqueViolationError
from prisma.models import User, WorkspaceTransfer
from prisma.partials import PendingTransfer
from prisma.types import WorkspaceTransferWhereInput

from app import mail
from app.auth import Caller, throttle
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.tenancy import recipients
from app.workspaces import mails
from app.workspaces.errors import (
    already_owner,
    member_not_found,
    transfer_not_found,
    transfer_pending,
    workspace_not_found,
)
from app.workspaces.membership import in_workspace
from app.workspaces.rules import require_ownership_quota, workspace_view
from app.workspaces.schemas import MyWorkspace
from app.workspaces.scope import WorkspaceScope
from app.workspaces.transactions import WorkspaceTransaction, workspace_transaction

LIFETIME = timedelta(days=7)
# Each offer sends a mail.
_BY_ONE_USER = throttle.Limit("transfers", 100, timedelta(days=1))
_OF_ONE_WORKSPACE = throttle.Limit("transfers of workspace", 10, timedelta(days=1))
_LIST = "my transfers"
_pending = WorkspaceTransferActions(prisma, PendingTransfer)


async def offer(scope: WorkspaceScope, *, user: str, public_url: str) -> PendingTransfer:
    """Offer the ownership to a member; an expired offer is replaced."""
    await throttle.attempt(_BY_ONE_USER, scope.user.id)
    await throttle.attempt(_OF_ONE_WORKSPACE, scope.id)
    await _count_mail(scope, user)
    async with workspace_transaction(scope, min_role=WorkspaceRole.owner) as transaction:
        if user == scope.user.id:
            raise already_owner()
        tx = transaction.tx
        member = await tx.workspacemember.find_unique(
            where={"workspaceId_userId": {**in_workspace(scope.id), "userId": user}},
            include={"user": True},
        )
        if member is None or member.user is None:
            raise member_not_found()
        now = datetime.now(UTC)
        await tx.workspacetransfer.delete_many(
            where={**in_workspace(scope.id), "expiresAt": {"lte": now}}
        )
        try:
            offered = await tx.workspacetransfer.create(
                {**in_workspace(scope.id), "userId": user, "expiresAt": now + LIFETIME},
                include={"workspace": True},
            )
        except UniqueViolationError:
            raise transfer_pending() from None
        await transaction.record("transfer.offered", subject=user)
        await mails.transfer(
            tx,
            to=member.user.email,
            owner=_name(scope),
            workspace=scope.workspace.name,
            link=f"{public_url}/transfers",
            lifetime=LIFETIME,
        )
    mail.wake_sender()
    return PendingTransfer.model_validate(offered, from_attributes=True)


async def read(scope: WorkspaceScope) -> PendingTransfer:
    """Return the workspace's pending transfer to its owner or the member who may accept."""
    where = _of(scope)
    if scope.role != WorkspaceRole.owner:
        where["userId"] = scope.user.id
    found = await _pending.find_first(where=where, include={"workspace": True})
    if found is None:
        raise transfer_not_found()
    return found


async def list_mine(caller: Caller, pages: PageRequest) -> Page[PendingTransfer]:
    """Return the transfers that the caller may accept, newest first."""
    where: WorkspaceTransferWhereInput = {
        "userId": caller.user.id,
        "expiresAt": {"gt": datetime.now(UTC)},
    }
    if after := pages.after(_LIST):
        where["id"] = {"lt": after}
    rows = await _pending.find_many(
        where=where, include={"workspace": True}, order={"id": "desc"}, take=pages.take + 1
    )
    return pages.page(_LIST, rows)


async def cancel(scope: WorkspaceScope) -> None:
    """Withdraw the owner's offer."""
    async with workspace_transaction(scope, min_role=WorkspaceRole.owner) as transaction:
        offered = await _take(transaction, _of(scope))
        await transaction.record("transfer.cancelled", subject=offered.userId)


async def decline(scope: WorkspaceScope) -> None:
    """Refuse an offer to the caller; tell the owner by mail."""
    async with workspace_transaction(scope, min_role=WorkspaceRole.member) as transaction:
        await _take(transaction, _to_caller(scope))
        await transaction.record("transfer.declined", subject=scope.user.id)
        owner, workspace = await _owner(transaction)
        await mails.transfer_declined(
            transaction.tx, to=owner.email, member=_name(scope), workspace=workspace
        )
    mail.wake_sender()


async def accept(scope: WorkspaceScope, *, limit: int) -> MyWorkspace:
    """Make the caller the owner, who may own `limit` workspaces, and the former owner an admin.

    The former owner is told by mail.
    """
    async with workspace_transaction(
        scope, min_role=WorkspaceRole.member, lock_user=scope.user.id
    ) as transaction:
        tx = transaction.tx
        if not await tx.workspacetransfer.count(where=_to_caller(scope)):
            raise transfer_not_found()
        await require_ownership_quota(tx, scope.user.id, limit)
        former_owner, name = await _owner(transaction)
        # Triggers update the roles of both members and delete the offer.
        workspace = await tx.workspace.update(
            where={"id": scope.id}, data={"owner": {"connect": {"id": scope.user.id}}}
        )
        if workspace is None:
            raise workspace_not_found()
        await transaction.record(
            "workspace.transferred", subject=scope.user.id, formerOwnerId=former_owner.id
        )
        await mails.transfer_accepted(
            tx, to=former_owner.email, member=_name(scope), workspace=name
        )
    mail.wake_sender()
    return workspace_view(workspace, WorkspaceRole.owner)


async def _take(
    transaction: WorkspaceTransaction, where: WorkspaceTransferWhereInput
) -> WorkspaceTransfer:
    """Delete the pending offer and return it; raise 404 if there is none."""
    found = await transaction.tx.workspacetransfer.find_first(where=where)
    if found is None or not await transaction.tx.workspacetransfer.delete_many(
        where={"id": found.id}
    ):
        raise transfer_not_found()
    return found


async def _owner(transaction: WorkspaceTransaction) -> tuple[User, str]:
    """Return the owner and the name of the workspace, as they are under its lock."""
    # What the scope read before the lock may be outdated.
    workspace = await transaction.tx.workspace.find_unique(
        where={"id": transaction.scope.id}, include={"owner": True}
    )
    if workspace is None or workspace.owner is None:
        raise workspace_not_found()
    return workspace.owner, workspace.name


def _name(scope: WorkspaceScope) -> str:
    return scope.user.name or scope.user.email


async def _count_mail(scope: WorkspaceScope, user: str) -> None:
    """Count a mail to a member, if it is one, before the transaction; raise 429."""
    member = await prisma.workspacemember.find_unique(
        where={"workspaceId_userId": {**in_workspace(scope.id), "userId": user}},
        include={"user": True},
    )
    if member is not None and member.user is not None and user != scope.user.id:
        await recipients.count_mail(member.user.email)


def _of(scope: WorkspaceScope) -> WorkspaceTransferWhereInput:
    return {**in_workspace(scope.id), "expiresAt": {"gt": datetime.now(UTC)}}


def _to_caller(scope: WorkspaceScope) -> WorkspaceTransferWhereInput:
    return {**_of(scope), "userId": scope.user.id}
