"""Signing up, and confirming the address.

Callers learn nothing about accounts that are not theirs. Whether an address has an account or not,
a sign-up gets the same answer, hashes a password once, and sends the database as many statements.
"""

from datetime import UTC, datetime, timedelta

from prisma.enums import EmailTokenPurpose

from app import mail
from app.accounts import links, login, mails
from app.accounts.errors import invalid_link, wrong_credentials
from app.accounts.links import CONFIRMATION
from app.auth import passwords, throttle
from app.auth.realms import SERVICE
from app.auth.shares import claim_of_address
from app.auth.throttle import Attempt, Limit
from app.database.scope import use_scope
from app.db import prisma
from app.kit.ids import new_uuid7

# Only whoever holds a link counts here, so that others' guesses prevent no confirmation.
CONFIRMATIONS = Limit("confirmations", 10, timedelta(minutes=15))


async def sign_up(
    *, email: str, password: str, name: str | None, address: str, public_url: str
) -> None:
    """Create an account that is to be confirmed, or tell its holder that there is one."""
    passwords.require_strong(password, email=email, name=name)
    claim = claim_of_address(address)
    passwords.require_room(claim)
    counted = await links.count_mail(SERVICE, "sign-up", email, address)
    async with throttle.refunded_if_busy(*counted):
        password_hash = await passwords.hash_password(password, claim)
    try:
        await _sign_up(email, password_hash, name, public_url)
    except links.CONCURRENT_CHANGES:
        await _sign_up(email, password_hash, name, public_url)
    mail.wake_sender()


async def _sign_up(email: str, password_hash: str, name: str | None, public_url: str) -> None:
    async with prisma.tx() as tx:
        with use_scope(key=email):
            found = await tx.user.find_unique(where={"email": email})
        user = found.id if found else new_uuid7()
        is_confirmed = found is not None and found.emailConfirmedAt is not None
        kind = SERVICE.reset_link if is_confirmed else CONFIRMATION
        link = links.new_link(kind, public_url)
        with use_scope(user=user):
            if found is None:
                await tx.user.create(
                    {"id": user, "email": email, "name": name, "passwordHash": password_hash}
                )
            else:
                # The last sign-up wins, as long as nobody has confirmed the address.
                await tx.user.update_many(
                    where={"id": user, "emailConfirmedAt": None},
                    data={"name": name, "passwordHash": password_hash},
                )
            await links.store(tx, SERVICE, link, user=user, email=email)
            write = mails.already_signed_up if is_confirmed else mails.confirm
            await write(tx, to=email, link=link.url)


async def confirm_email(*, token: str, password: str, address: str) -> None:
    """Confirm an account's address by a link that works once, and the account's password."""
    link = await links.find(SERVICE, CONFIRMATION, token)
    claim = claim_of_address(address)
    passwords.require_room(claim)
    attempt = Attempt(CONFIRMATIONS, link.userId)
    await throttle.attempt_all(attempt)
    with use_scope(user=link.userId):
        user = await prisma.user.find_unique(where={"id": link.userId})
    if user is None or user.email != link.email:
        raise invalid_link()
    async with throttle.refunded_if_busy(attempt):
        is_right, _ = await passwords.verify(password, user.passwordHash, claim)
    if not is_right:
        raise wrong_credentials()
    with use_scope(user=user.id):
        async with prisma.tx() as tx:
            # Lock the account's row first, as everywhere: its changes happen one after the other.
            confirmed = await tx.user.update_many(
                where={"id": user.id, "passwordHash": user.passwordHash},
                data={"emailConfirmedAt": datetime.now(UTC)},
            )
            if not confirmed:  # somebody signed up again meanwhile, with another password
                raise wrong_credentials()
            if not await tx.emailtoken.delete_many(where={"id": link.id}):
                raise invalid_link()
            await tx.emailtoken.delete_many(
                where={"userId": user.id, "purpose": EmailTokenPurpose.confirm}
            )
    await login.reset_throttles_after_link(SERVICE, link.email, address)
