"""The caller's own account, and the workspace of their session.

Everything here runs in the caller's scope.
"""

from datetime import timedelta

from prisma import Prisma
from prisma.models import Session, User
from prisma.types import UserUpdateInput

from app import mail, tenancy, workspaces
from app.accounts import mails
from app.accounts.errors import wrong_password
from app.auth import Caller, passwords, sessions, throttle
from app.auth.errors import not_signed_in
from app.auth.shares import claim_of_user
from app.database.scope import use_scope
from app.db import prisma
from app.workspaces import WorkspaceId, is_workspace_id

# The database needs time to delete the contents of thousands of workspaces.
_DELETION_LIMIT = timedelta(minutes=1)
PASSWORDS_IN_SESSION = throttle.Limit(
    "passwords in session", 10, timedelta(minutes=15), is_resettable=True
)
# Successes count too: each costs a hash, whoever knows the password.
PASSWORDS_OF_USER = throttle.Limit("passwords of user", 30, timedelta(minutes=15))


async def change(caller: Caller, changes: UserUpdateInput) -> User:
    """Change the caller's account, and return it."""
    if not changes:
        return caller.user
    user = await prisma.user.update(where={"id": caller.user.id}, data=changes)
    if user is None:  # deleted at the same moment
        raise not_signed_in()
    return user


async def change_password(caller: Caller, *, current: str, new: str, address: str) -> None:
    """Set a new password, and end all sessions but the caller's."""
    user = caller.user
    # Before anything is hashed: a password that is refused must cost nothing.
    passwords.require_strong(new, email=user.email, name=user.name, field="newPassword")
    await _require_password(caller, current, address)
    password_hash = await passwords.hash_password(new, claim_of_user(user.id, address))
    async with prisma.tx() as tx:
        changed = await tx.user.update_many(
            where={"id": user.id, "passwordHash": user.passwordHash},
            data={"passwordHash": password_hash},
        )
        if not changed:  # another request changed it meanwhile
            raise wrong_password()
        await sessions.end_all(tx, user.id, but=caller.session.id)
        await tx.emailtoken.delete_many(where={"userId": user.id})
        await mails.password_changed(tx, to=user.email)
    mail.wake_sender()


async def delete(caller: Caller, *, password: str, address: str) -> None:
    """Delete the account and, by the database's cascades, everything that it owns."""
    await _require_password(caller, password, address)
    async with prisma.tx(timeout=_DELETION_LIMIT) as tx:
        # Locks the account, then its tenancies: app/tenancy/locks.py explains the order.
        await tenancy.end_memberships(tx)
        # Before the account: a concurrent refresh locks the session and then refers to the account.
        await sessions.end_all(tx, caller.user.id)
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


async def _require_password(caller: Caller, password: str, address: str) -> None:
    """Raise 403 unless it is the caller's password, and 429 after too many attempts."""
    # A stolen access token must not serve to guess the password. The limits are the session's own
    # and that of the user's sessions, so that strangers who guess at the log-in prevent nobody
    # from changing their password.
    claim = claim_of_user(caller.user.id, address)
    passwords.require_room(claim)
    attempts = (
        throttle.Attempt(PASSWORDS_IN_SESSION, caller.session.id),
        throttle.Attempt(PASSWORDS_OF_USER, caller.user.id),
    )
    await throttle.attempt_all(*attempts)
    async with throttle.refunded_if_busy(*attempts):
        is_right, _ = await passwords.verify(password, caller.user.passwordHash, claim)
    if not is_right:
        raise wrong_password()
    await throttle.reset(PASSWORDS_IN_SESSION, caller.session.id)
