"""What happens to the members of a workspace."""

from prisma import Prisma
from prisma.actions import WorkspaceMemberActions
from prisma.enums import WorkspaceRole
from prisma.errors import ForeignKeyViolationError, UniqueViolationError
from prisma.models import WorkspaceMember

from app.db import prisma
from app.kit.ids import is_uuid
from app.kit.pages import Page, PageRequest
from app.workspaces.errors import (
    already_member,
    member_not_found,
    owner_cannot_leave,
    person_not_found,
)
from app.workspaces.membership import in_workspace, joined_after, role_in
from app.workspaces.rights import require_below
from app.workspaces.schemas import Membership
from app.workspaces.scope import WorkspaceScope
from app.workspaces.transactions import WorkspaceTransaction, workspace_transaction

_members = WorkspaceMemberActions(prisma, Membership)


async def list_members(scope: WorkspaceScope, pages: PageRequest) -> Page[Membership]:
    """The members of a workspace, in the order of joining."""
    list_ = f"members of {scope.id}"
    rows = await _members.find_many(
        where={**in_workspace(scope.id), **joined_after(pages.after_moment(list_))},
        include={"user": True},
        order=[{"joinedAt": "asc"}, {"id": "asc"}],
        take=pages.take + 1,
    )
    return pages.page(list_, rows, moment=lambda member: member.joinedAt)


async def add(scope: WorkspaceScope, *, user: str, role: WorkspaceRole) -> Membership:
    """Make somebody a member whom the caller already shares a workspace with."""
    async with workspace_transaction(scope, min_role=WorkspaceRole.admin) as this:
        require_below(this.role, role)
        if not await _shares_workspace(this.tx, user):
            raise person_not_found()
        try:
            member = await this.tx.workspacemember.create(
                {**in_workspace(scope.id), "userId": user, "role": role}, include={"user": True}
            )
        except UniqueViolationError:
            raise already_member() from None
        except ForeignKeyViolationError:  # their account is gone since
            raise person_not_found() from None
        shown = _shown(member)
        await _revoke_invitation(this, shown.user.email)
        await this.record("member.added", subject=user, role=role)
    return shown


async def _revoke_invitation(this: WorkspaceTransaction, email: str) -> None:
    """Who has become a member needs none; whoever may not revoke it may not add them."""
    found = await this.tx.invitation.find_first(
        where={**in_workspace(this.scope.id), "email": email}
    )
    if found is not None:
        require_below(this.role, WorkspaceRole(found.role))
        await this.tx.invitation.delete_many(where={"id": found.id})
        await this.record("invitation.revoked", subject=found.id, email=found.email)


async def change_role(scope: WorkspaceScope, *, user: str, role: WorkspaceRole) -> Membership:
    async with workspace_transaction(scope, min_role=WorkspaceRole.admin) as this:
        before = await _role(this, user)
        require_below(this.role, before, role)
        member = await this.tx.workspacemember.update(
            where={"workspaceId_userId": {**in_workspace(scope.id), "userId": user}},
            data={"role": role},
            include={"user": True},
        )
        if member is None:
            raise member_not_found()
        if role != before:
            await this.record("member.role_changed", subject=user, before=before, role=role)
    return _shown(member)


async def remove(scope: WorkspaceScope, *, user: str) -> None:
    """Remove a member; oneself, which is leaving."""
    leaves = user == scope.user.id
    async with workspace_transaction(scope, min_role=WorkspaceRole.member) as this:
        role = await _role(this, user)
        if not leaves:
            require_below(this.role, role)
        elif role is WorkspaceRole.owner:
            raise owner_cannot_leave()
        await this.tx.workspacemember.delete_many(where={**in_workspace(scope.id), "userId": user})
        await this.record("member.left" if leaves else "member.removed", subject=user, role=role)


async def _role(this: WorkspaceTransaction, user: str) -> WorkspaceRole:
    role = await role_in(this.scope.id, user, tx=this.tx) if is_uuid(user) else None
    if role is None:
        raise member_not_found()
    return role


async def _shares_workspace(tx: Prisma, user: str) -> bool:
    # The other workspaces' members are not to be seen from here: a function of the database looks.
    answer = await tx.query_first('SELECT shares_workspace_with($1::uuid) AS "shares"', user)
    return bool(answer["shares"])


def _shown(member: WorkspaceMember) -> Membership:
    return Membership.model_validate(member, from_attributes=True)
