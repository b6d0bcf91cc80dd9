"""Invitations to an organization: who may invite whom, and becoming a member by an invitation."""

from prisma.actions import InvitationActions
from prisma.enums import OrgRole
from prisma.errors import UniqueViolationError
from prisma.models import Invitation

from app import mail
from app.auth import Caller
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.organizations.errors import organization_not_found
from app.organizations.locks import lock_organization
from app.organizations.membership import OrganizationId, in_organization
from app.organizations.rights import ORG_ROLES
from app.organizations.rules import organization_view, require_ownership_quota
from app.organizations.schemas import (
    IssuedOrganizationInvitation,
    MyOrganization,
    PendingOrganizationInvitation,
)
from app.organizations.scope import OrganizationScope
from app.organizations.transactions import organization_transaction
from app.tenancy import invitations
from app.tenancy.errors import already_member

_pending = InvitationActions(prisma, PendingOrganizationInvitation)


async def invite(
    scope: OrganizationScope, *, email: str, role: OrgRole, public_url: str
) -> IssuedOrganizationInvitation:
    """Invite an address; an expired invitation is replaced."""
    await invitations.count_mails(scope.user.id, email)
    async with organization_transaction(scope, min_role=OrgRole.ADMIN) as transaction:
        _require_right(transaction.role, role)
        if await transaction.tx.organizationmember.count(
            where={**in_organization(scope.id), "user": {"is": {"email": email}}}
        ):
            raise already_member(ORG_ROLES.noun)
        invitation, token = await invitations.create(
            transaction,
            {**in_organization(scope.id)},
            {"organizationRole": role},
            email=email,
            public_url=public_url,
        )
    mail.wake_sender()
    return IssuedOrganizationInvitation.model_validate({**vars(invitation), "token": token})


async def list_pending(
    scope: OrganizationScope, pages: PageRequest
) -> Page[PendingOrganizationInvitation]:
    """Return the invitations that nobody has accepted, newest first."""
    return await invitations.list_pending(
        _pending, {**in_organization(scope.id)}, pages, list_=f"invitations of {scope.id}"
    )


async def revoke(scope: OrganizationScope, *, invitation: str) -> None:
    """Delete an invitation, which invalidates its token."""
    async with organization_transaction(scope, min_role=OrgRole.ADMIN) as transaction:
        found = await invitations.find_pending(
            transaction.tx, {**in_organization(scope.id)}, id_=invitation
        )
        _require_right(transaction.role, OrgRole(found.organizationRole))
        await invitations.revoke(transaction, found)


async def accept(
    caller: Caller,
    invitation: Invitation,
    *,
    organization: OrganizationId,
    role: OrgRole,
    limit: int,
) -> MyOrganization:
    """Make the caller a member of the organization by an invitation that they may accept.

    They may own `limit` organizations.
    """
    async with invitations.accepting(
        caller,
        invitation,
        {"organization": organization},
        lock=lambda tx: lock_organization(tx, organization),
    ) as tx:
        if role is OrgRole.OWNER:
            await require_ownership_quota(tx, caller.user.id, limit)
        try:
            member = await tx.organizationmember.create(
                {**in_organization(organization), "userId": caller.user.id, "role": role},
                include={"organization": True},
            )
        except UniqueViolationError:
            raise already_member(ORG_ROLES.noun) from None
    if member.organization is None:
        raise organization_not_found()
    return organization_view(member.organization, member.role)


def _require_right(role: OrgRole, invited: OrgRole) -> None:
    """Raise 403 unless the caller may invite with a role: owners may also invite owners."""
    if role is not OrgRole.OWNER:
        ORG_ROLES.require_below(role, invited)
