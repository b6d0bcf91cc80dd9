"""Transfers of ownership: offered by an owner, and done once the named member accepts.

The database deletes an offer when the membership of either side ends, when whoever offered is no
owner any more, and when the other one already is.
"""

from prisma.actions import OrganizationTransferActions
from prisma.enums import OrgRole
from prisma.models import Organization, OrganizationTransfer, User
from prisma.partials import PendingOrganizationTransfer
from prisma.types import OrganizationTransferInclude, OrganizationTransferWhereInput

from app import mail
from app.auth import Caller
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.organizations.errors import (
    already_owner,
    organization_not_found,
)
from app.organizations.members import set_role
from app.organizations.rules import organization_view, require_ownership_quota
from app.organizations.schemas import MyOrganization
from app.organizations.scope import OrganizationScope
from app.organizations.transactions import OrganizationTransaction, organization_transaction
from app.tenancy import mails, transfers
from app.tenancy.errors import member_not_found, transfer_not_found

_LIST = "my organization transfers"
_pending = OrganizationTransferActions(prisma, PendingOrganizationTransfer)


async def offer(
    scope: OrganizationScope, *, user: str, keeps_ownership: bool, public_url: str
) -> PendingOrganizationTransfer:
    """Offer the ownership to a member; an expired offer is replaced."""
    await transfers.count_offer(scope, user)
    async with organization_transaction(scope, min_role=OrgRole.OWNER) as transaction:
        member = await transaction.tx.organizationmember.find_unique(
            where={"organizationId_userId": {**scope.where, "userId": user}},
            include={"user": True},
        )
        if member is None or member.user is None:
            raise member_not_found(scope.roles.noun)
        if member.role == OrgRole.OWNER:
            raise already_owner()
        offered = await transfers.create(
            transaction,
            OrganizationTransferActions(transaction.tx, PendingOrganizationTransfer),
            {"userId": user, "offeredById": scope.user.id, "keepsOwnership": keeps_ownership},
            include={"organization": True},
            to=member.user.email,
            public_url=public_url,
        )
    mail.wake_sender()
    return offered


async def read(scope: OrganizationScope) -> PendingOrganizationTransfer:
    """Return the pending transfer to an owner or the member who may accept."""
    where = _pending_of(scope) if scope.role == OrgRole.OWNER else _to_caller(scope)
    found = await _pending.find_first(where=where, include={"organization": True})
    if found is None:
        raise transfer_not_found()
    return found


async def list_mine(caller: Caller, pages: PageRequest) -> Page[PendingOrganizationTransfer]:
    """Return the transfers that the caller may accept, newest first."""
    include: OrganizationTransferInclude = {"organization": True}
    return await transfers.list_offered(_pending, caller, pages, list_=_LIST, include=include)


async def cancel(scope: OrganizationScope) -> None:
    """Withdraw the offer of an owner, one's own or a co-owner's."""
    async with organization_transaction(scope, min_role=OrgRole.OWNER) as transaction:
        offered = await transfers.take(transaction.tx.organizationtransfer, _pending_of(scope))
        await transaction.record("transfer.cancelled", subject=offered.userId)


async def decline(scope: OrganizationScope) -> None:
    """Refuse an offer to the caller; tell whoever offered by mail."""
    async with organization_transaction(scope, min_role=OrgRole.MEMBER) as transaction:
        offered, owner, organization = await _find(transaction)
        await transfers.take(transaction.tx.organizationtransfer, {"id": offered.id})
        await transfers.record_declined(transaction, to=owner.email, name=organization.name)
    mail.wake_sender()


async def accept(scope: OrganizationScope, *, limit: int) -> MyOrganization:
    """Make the caller an owner, who may own `limit` organizations.

    Whoever offered becomes an admin, unless they keep the ownership; they are told by mail. The
    consent to impersonation ends with their ownership: the new owner decides anew.
    """
    user = scope.user.id
    async with organization_transaction(
        scope, min_role=OrgRole.MEMBER, lock_user=user
    ) as transaction:
        offered, owner, organization = await _find(transaction)
        await require_ownership_quota(transaction.tx, user, limit)
        await transaction.record(
            "organization.transferred",
            subject=user,
            offeredById=owner.id,
            keepsOwnership=offered.keepsOwnership,
        )
        # A trigger deletes the offer.
        await set_role(transaction, user=user, before=transaction.role, role=OrgRole.OWNER)
        if not offered.keepsOwnership:
            await set_role(transaction, user=owner.id, before=OrgRole.OWNER, role=OrgRole.ADMIN)
            organization = await _withdraw_impersonation(transaction)
        await mails.transfer_accepted(
            transaction.tx,
            to=owner.email,
            member=scope.caller_name,
            noun=scope.roles.noun,
            name=organization.name,
            is_owner=offered.keepsOwnership,
        )
    mail.wake_sender()
    return organization_view(organization, OrgRole.OWNER)


async def _find(
    transaction: OrganizationTransaction,
) -> tuple[OrganizationTransfer, User, Organization]:
    """Return the offer to the caller, who made it, and the organization, as they are now."""
    # What the scope read before the lock may be outdated.
    offered = await transaction.tx.organizationtransfer.find_first(
        where=_to_caller(transaction.scope),
        include={"offeredBy": {"include": {"user": True}}, "organization": True},
    )
    if offered is None or offered.offeredBy is None or offered.offeredBy.user is None:
        raise transfer_not_found()
    if offered.organization is None:
        raise organization_not_found()
    return offered, offered.offeredBy.user, offered.organization


async def _withdraw_impersonation(transaction: OrganizationTransaction) -> Organization:
    # A trigger ends the impersonations.
    organization = await transaction.tx.organization.update(
        where={"id": transaction.scope.id}, data={"impersonationAllowed": False}
    )
    if organization is None:
        raise organization_not_found()
    return organization


def _pending_of(scope: OrganizationScope) -> OrganizationTransferWhereInput:
    return {**scope.where, **transfers.pending()}


def _to_caller(scope: OrganizationScope) -> OrganizationTransferWhereInput:
    return {**_pending_of(scope), "userId": scope.user.id}
