"""The password of whoever is signed in: required before serious changes, and changed.

Everything here runs in the caller's scope.
"""

from datetime import timedelta

from app import mail
from app.accounts import mails
from app.accounts.errors import wrong_password
from app.auth import passwords, sessions, throttle
from app.auth.realms import Account, Realm
from app.auth.shares import claim_of_user
from app.db import prisma

PASSWORDS_IN_SESSION = throttle.Limit(
    "passwords in session", 10, timedelta(minutes=15), is_resettable=True
)
# Successes count too: each costs a hash, whoever knows the password.
PASSWORDS_OF_USER = throttle.Limit("passwords of user", 30, timedelta(minutes=15))


async def change(
    realm: Realm, account: Account, session: str, *, current: str, new: str, address: str
) -> None:
    """Set a new password, and end all sessions but the caller's."""
    # Before anything is hashed: a password that is refused must cost nothing.
    passwords.require_strong(new, email=account.email, name=account.name, field="newPassword")
    await require(account, session, password=current, address=address)
    password_hash = await passwords.hash_password(new, claim_of_user(account.id, address))
    async with prisma.tx() as tx:
        changed = await realm.accounts(tx).update_many(
            where={**realm.columns, "id": account.id, "passwordHash": account.password_hash},
            data={"passwordHash": password_hash},
        )
        if not changed:  # another request changed it meanwhile
            raise wrong_password()
        await sessions.end_all(tx, realm, account.id, but=session)
        await realm.links(tx).delete_many(where={**realm.columns, "userId": account.id})
        await mails.password_changed(tx, to=account.email, place=realm.name)
    mail.wake_sender()


async def require(account: Account, session: str, *, password: str, address: str) -> None:
    """Raise 403 unless it is the account's password, and 429 after too many attempts."""
    # A stolen access token must not serve to guess the password. The limits are the session's own
    # and that of the user's sessions, so that strangers who guess at the log-in prevent nobody
    # from changing their password.
    claim = claim_of_user(account.id, address)
    passwords.require_room(claim)
    attempts = (
        throttle.Attempt(PASSWORDS_IN_SESSION, session),
        throttle.Attempt(PASSWORDS_OF_USER, account.id),
    )
    await throttle.attempt_all(*attempts)
    async with throttle.refunded_if_busy(*attempts):
        is_right, _ = await passwords.verify(password, account.password_hash, claim)
    if not is_right:
        raise wrong_password()
    await throttle.reset(PASSWORDS_IN_SESSION, session)
