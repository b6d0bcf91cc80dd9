"""Members of a workspace: listing, adding and removing them, changing their roles."""

from prisma.actions import WorkspaceMemberActions
from prisma.enums import WorkspaceRole
from prisma.errors import UniqueViolationError
from prisma.models import WorkspaceMember

from app.db import prisma
from app.http.pages import Page, PageRequest
from app.tenancy import invitations, joined_after
from app.tenancy.errors import already_member, member_not_found
from app.workspaces.errors import (
    owner_cannot_leave,
    person_not_found,
)
from app.workspaces.membership import in_workspace
from app.workspaces.rights import WORKSPACE_ROLES
from app.workspaces.schemas import Membership
from app.workspaces.scope import WorkspaceScope
from app.workspaces.transactions import WorkspaceTransaction, workspace_transaction

_members = WorkspaceMemberActions(prisma, Membership)


async def list_members(scope: WorkspaceScope, pages: PageRequest) -> Page[Membership]:
    """Return the members of a workspace, in the order of joining."""
    list_ = f"members of {scope.id}"
    rows = await _members.find_many(
        where={**in_workspace(scope.id), **joined_after(pages.after_moment(list_))},
        include={"user": True},
        order=[{"joinedAt": "asc"}, {"id": "asc"}],
        take=pages.take + 1,
    )
    return pages.page(list_, rows, moment=lambda member: member.joinedAt)


async def add(scope: WorkspaceScope, *, user: str, role: WorkspaceRole) -> Membership:
    """Add a user with whom the caller already shares a workspace."""
    async with workspace_transaction(
        scope, min_role=WorkspaceRole.admin, lock_user=user
    ) as transaction:
        WORKSPACE_ROLES.require_below(transaction.role, role)
        if not transaction.is_user_locked:
            raise person_not_found()
        try:
            member = await transaction.tx.workspacemember.create(
                {**in_workspace(scope.id), "userId": user, "role": role}, include={"user": True}
            )
        except UniqueViolationError:
            raise already_member(WORKSPACE_ROLES.noun) from None
        shown = _membership_view(member)
        await _revoke_invitation(transaction, shown.user.email)
        await transaction.record("member.added", subject=user, role=role)
    return shown


async def _revoke_invitation(transaction: WorkspaceTransaction, email: str) -> None:
    """Revoke the invitation of a new member; raise 403 if the caller may not revoke it."""
    found = await transaction.tx.invitation.find_first(
        where={**in_workspace(transaction.scope.id), "email": email}
    )
    if found is not None:
        WORKSPACE_ROLES.require_below(transaction.role, WorkspaceRole(found.role))
        await invitations.revoke(transaction, found)


async def change_role(scope: WorkspaceScope, *, user: str, role: WorkspaceRole) -> Membership:
    """Give a member another role."""
    async with workspace_transaction(scope, min_role=WorkspaceRole.admin) as transaction:
        before = await transaction.read_role(user)
        WORKSPACE_ROLES.require_below(transaction.role, before, role)
        member = await transaction.tx.workspacemember.update(
            where={"workspaceId_userId": {**in_workspace(scope.id), "userId": user}},
            data={"role": role},
            include={"user": True},
        )
        if member is None:
            raise member_not_found(WORKSPACE_ROLES.noun)
        if role != before:
            await transaction.record("member.role_changed", subject=user, before=before, role=role)
    return _membership_view(member)


async def remove(scope: WorkspaceScope, *, user: str) -> None:
    """Remove a member, or leave the workspace if the user is the caller."""
    is_leaving = user == scope.user.id
    async with workspace_transaction(scope, min_role=WorkspaceRole.member) as transaction:
        role = await transaction.read_role(user)
        if not is_leaving:
            WORKSPACE_ROLES.require_below(transaction.role, role)
        elif role is WorkspaceRole.owner:
            raise owner_cannot_leave()
        await transaction.tx.workspacemember.delete_many(
            where={**in_workspace(scope.id), "userId": user}
        )
        await transaction.record(
            "member.left" if is_leaving else "member.removed", subject=user, role=role
        )


def _membership_view(member: WorkspaceMember) -> Membership:
    return Membership.model_validate(member, from_attributes=True)
