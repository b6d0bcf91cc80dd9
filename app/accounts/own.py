"""What people change of their own: their account, and where they work. In the caller's scope."""

from datetime import timedelta

from prisma import Prisma
from prisma.models import Session, User
from prisma.types import UserUpdateInput

from app import mail, workspaces
from app.accounts import mails
from app.accounts.errors import wrong_password
from app.auth import Caller, passwords, sessions, throttle
from app.auth.errors import not_signed_in
from app.db import prisma
from app.scope import use_scope
from app.workspaces import WorkspaceId, is_workspace_id

# What thousands of workspaces hold takes the database its time to delete.
_DELETION_LIMIT = timedelta(minutes=1)
PASSWORDS_IN_SESSION = throttle.Limit("passwords in session", 10, timedelta(minutes=15))


async def change(caller: Caller, changes: UserUpdateInput) -> User:
    if not changes:
        return caller.user
    user = await prisma.user.update(where={"id": caller.user.id}, data=changes)
    if user is None:  # deleted at this very moment
        raise not_signed_in()
    return user


async def change_password(caller: Caller, *, current: str, new: str) -> None:
    """Also ends all sessions but the caller's."""
    user = caller.user
    await _require_password(caller, current)
    passwords.require_strong(new, email=user.email, name=user.name, field="newPassword")
    password_hash = await passwords.hash_password(new)
    async with prisma.tx() as tx:
        changed = await tx.user.update_many(
            where={"id": user.id, "passwordHash": user.passwordHash},
            data={"passwordHash": password_hash},
        )
        if not changed:  # by another request, meanwhile
            raise wrong_password()
        await sessions.end_all(tx, user.id, but=caller.session.id)
        await tx.emailtoken.delete_many(where={"userId": user.id})
        await mails.password_changed(tx, to=user.email)
    mail.wake_sender()


async def delete(caller: Caller, *, password: str) -> None:
    """The account and all that it owns: the database sees to that."""
    await _require_password(caller, password)
    async with prisma.tx(timeout=_DELETION_LIMIT) as tx:
        await workspaces.end_memberships(tx)
        # Before the account: a refresh at this moment takes their locks in this order too.
        await sessions.end_all(tx, caller.user.id)
        await tx.user.delete_many(where={"id": caller.user.id})


async def switch_workspace(caller: Caller, workspace: str | None) -> Session:
    """Work in a workspace that one is a member of, or in none."""
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
    """Raises 404 unless the caller is a member, which they stay until the transaction ends."""
    user = caller.user.id
    if not is_workspace_id(workspace):
        raise workspaces.workspace_not_found()
    id_ = WorkspaceId(workspace)
    # First as anybody: only a member enters the workspace's scope.
    if await workspaces.role_in(id_, user, tx=tx) is None:
        raise workspaces.workspace_not_found()
    with use_scope(user=user, workspace=id_):
        if not await workspaces.lock_membership(tx, id_, user):
            raise workspaces.workspace_not_found()


async def _require_password(caller: Caller, password: str) -> None:
    # Whoever has somebody's access token may not guess the password with it. Strangers' guessing
    # at the log-in counts elsewhere: it keeps nobody from changing a password.
    await throttle.attempt(PASSWORDS_IN_SESSION, caller.session.id)
    is_right, _ = await passwords.verify(password, caller.user.passwordHash)
    if not is_right:
        raise wrong_password()
    await throttle.reset(PASSWORDS_IN_SESSION, caller.session.id)
