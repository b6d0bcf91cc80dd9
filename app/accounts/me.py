"""The caller's own account, and the workspace of their session.

Everything here runs in the caller's scope.
"""

from datetime import timedelta

from prisma import Prisma
from prisma.models import Session, User
from prisma.types import UserUpdateInput

from app import tenancy, workspaces
from app.accounts import own_passwords
from app.auth import Caller, sessions
from app.auth.errors import not_signed_in
from app.auth.realms import SERVICE, to_account
from app.database.scope import use_scope
from app.db import prisma
from app.workspaces import WorkspaceId, is_workspace_id

# The database needs time to delete the contents of thousands of workspaces.
_DELETION_LIMIT = timedelta(minutes=1)


async def change(caller: Caller, changes: UserUpdateInput) -> User:
    """Change the caller's account, and return it."""
    if not changes:
        return caller.user
    user = await prisma.user.update(where={"id": caller.user.id}, data=changes)
    if user is None:  # deleted at the same moment
        raise not_signed_in()
    return user


async def delete(caller: Caller, *, password: str, address: str) -> None:
    """Delete the account and, by the database's cascades, everything that it owns."""
    await own_passwords.require(
        to_account(caller.user), caller.session.id, password=password, address=address
    )
    async with prisma.tx(timeout=_DELETION_LIMIT) as tx:
        # Locks the account, then its tenancies: app/tenancy/locks.py explains the order.
        await tenancy.end_memberships(tx)
        # Before the account: a concurrent refresh locks the session and then refers to the account.
        await sessions.end_all(tx, SERVICE, caller.user.id)
        await tx.user.delete_many(where={"id": caller.user.id})


async def switch_workspace(caller: Caller, workspace: str | None) -> Session:
    """Let the session work in a workspace of which the caller is a member, or in none."""
    async with prisma.tx() as tx:
        if workspace is not None:
            await _lock_membership(tx, caller, workspace)
        session = await tx.session.update(
            where={"id": caller.session.id},
            data={"workspace": {"connect": {"id": workspace}}}
            if workspace
            else {"workspace": {"disconnect": True}},
        )
    if session is None:
        raise not_signed_in()
    return session


async def _lock_membership(tx: Prisma, caller: Caller, workspace: str) -> None:
    """Lock the caller's membership until the transaction ends; raise 404 if there is none."""
    user = caller.user.id
    if not is_workspace_id(workspace):
        raise workspaces.workspace_not_found()
    id_ = WorkspaceId(workspace)
    # Outside the workspace's scope at first: only members may enter it.
    if await workspaces.role_in(id_, user, tx=tx) is None:
        raise workspaces.workspace_not_found()
    with use_scope(user=user, workspace=id_):
        if not await workspaces.lock_membership(tx, id_, user):
            raise workspaces.workspace_not_found()
