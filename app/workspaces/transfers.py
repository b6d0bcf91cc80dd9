"""Transfers of ownership: offered by the owner, and done once the named member accepts.

The database deletes an offer when the membership of either side ends or the owner changes.
"""

from prisma.actions import WorkspaceTransferActions
from prisma.enums import WorkspaceRole
from prisma.models import User
from prisma.partials import PendingTransfer
from prisma.types import WorkspaceTransferInclude, WorkspaceTransferWhereInput

from app import mail
from app.auth import Caller
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.tenancy import mails, transfers
from app.tenancy.errors import member_not_found, transfer_not_found
from app.workspaces.errors import already_owner, workspace_not_found
from app.workspaces.rules import require_ownership_quota, workspace_view
from app.workspaces.schemas import MyWorkspace
from app.workspaces.scope import WorkspaceScope
from app.workspaces.transactions import WorkspaceTransaction, workspace_transaction

_LIST = "my transfers"
_pending = WorkspaceTransferActions(prisma, PendingTransfer)


async def offer(scope: WorkspaceScope, *, user: str, public_url: str) -> PendingTransfer:
    """Offer the ownership to a member; an expired offer is replaced."""
    await transfers.count_offer(scope, user)
    async with workspace_transaction(scope, min_role=WorkspaceRole.owner) as transaction:
        if user == scope.user.id:
            raise already_owner()
        email = await scope.read_email(transaction.tx, user)
        if email is None:
            raise member_not_found(scope.roles.noun)
        offered = await transfers.create(
            transaction,
            WorkspaceTransferActions(transaction.tx, PendingTransfer),
            {"userId": user},
            include={"workspace": True},
            to=email,
            public_url=public_url,
        )
    mail.wake_sender()
    return offered


async def read(scope: WorkspaceScope) -> PendingTransfer:
    """Return the workspace's pending transfer to its owner or the member who may accept."""
    where = _pending_of(scope) if scope.role == WorkspaceRole.owner else _to_caller(scope)
    found = await _pending.find_first(where=where, include={"workspace": True})
    if found is None:
        raise transfer_not_found()
    return found


async def list_mine(caller: Caller, pages: PageRequest) -> Page[PendingTransfer]:
    """Return the transfers that the caller may accept, newest first."""
    include: WorkspaceTransferInclude = {"workspace": True}
    return await transfers.list_offered(_pending, caller, pages, list_=_LIST, include=include)


async def cancel(scope: WorkspaceScope) -> None:
    """Withdraw the owner's offer."""
    async with workspace_transaction(scope, min_role=WorkspaceRole.owner) as transaction:
        offered = await transfers.take(transaction.tx.workspacetransfer, _pending_of(scope))
        await transaction.record("transfer.cancelled", subject=offered.userId)


async def decline(scope: WorkspaceScope) -> None:
    """Refuse an offer to the caller; tell the owner by mail."""
    async with workspace_transaction(scope, min_role=WorkspaceRole.member) as transaction:
        await transfers.take(transaction.tx.workspacetransfer, _to_caller(scope))
        owner, name = await _owner(transaction)
        await transfers.record_declined(transaction, to=owner.email, name=name)
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
            tx, to=former_owner.email, member=scope.caller_name, noun="workspace", name=name
        )
    mail.wake_sender()
    return workspace_view(workspace, WorkspaceRole.owner)


async def _owner(transaction: WorkspaceTransaction) -> tuple[User, str]:
    """Return the owner and the name of the workspace, as they are under its lock."""
    # What the scope read before the lock may be outdated.
    workspace = await transaction.tx.workspace.find_unique(
        where={"id": transaction.scope.id}, include={"owner": True}
    )
    if workspace is None or workspace.owner is None:
        raise workspace_not_found()
    return workspace.owner, workspace.name


def _pending_of(scope: WorkspaceScope) -> WorkspaceTransferWhereInput:
    return {**scope.where, **transfers.pending()}


def _to_caller(scope: WorkspaceScope) -> WorkspaceTransferWhereInput:
    return {**_pending_of(scope), "userId": scope.user.id}
