"""Signing up, and what the links in mails do.

Callers learn nothing about accounts that are not theirs. Where an address may have an account or
not, both cases give the same answer, hash a password equally often, and send the database as many
statements.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prisma import Prisma
from prisma.enums import EmailTokenPurpose
from prisma.errors import ForeignKeyViolationError, UniqueViolationError
from prisma.models import EmailToken
from prisma.types import UserUpdateInput

from app import mail
from app.accounts import login, mails
from app.accounts.errors import invalid_link, wrong_credentials
from app.auth import hash_secret, new_secret, passwords, sessions, throttle
from app.auth.shares import claim_of_address
from app.auth.throttle import Attempt, Limit
from app.database.scope import use_scope
from app.db import prisma
from app.kit.ids import new_uuid7

MAILS_TO_ACCOUNT = Limit("mails to account", 5, timedelta(hours=1))
MAILS_FROM_ADDRESS = Limit("mails from address", 50, timedelta(hours=1))
# Only whoever holds a link counts here, so that others' guesses prevent no confirmation.
CONFIRMATIONS = Limit("confirmations", 10, timedelta(minutes=15))

# The account was created or deleted at the same moment: the second attempt sees it.
_CONCURRENT_CHANGES = (UniqueViolationError, ForeignKeyViolationError)

_LINK_LIFETIME = {
    EmailTokenPurpose.confirm: timedelta(days=3),
    EmailTokenPurpose.reset: timedelta(hours=1),
}
_LINK_PAGE = {
    EmailTokenPurpose.confirm: "confirm-email",
    EmailTokenPurpose.reset: "reset-password",
}


@dataclass(frozen=True, slots=True)
class Link:
    """A link to be mailed; the database stores the hash of its secret."""

    purpose: EmailTokenPurpose
    secret: str
    url: str


async def sign_up(
    *, email: str, password: str, name: str | None, address: str, public_url: str
) -> None:
    """Create an account that is to be confirmed, or tell its holder that there is one."""
    passwords.require_strong(password, email=email, name=name)
    claim = claim_of_address(address)
    passwords.require_room(claim)
    counted = await _count_mail("sign-up", email, address)
    async with throttle.refunded_if_busy(*counted):
        password_hash = await passwords.hash_password(password, claim)
    try:
        await _sign_up(email, password_hash, name, public_url)
    except _CONCURRENT_CHANGES:
        await _sign_up(email, password_hash, name, public_url)
    mail.wake_sender()


async def _sign_up(email: str, password_hash: str, name: str | None, public_url: str) -> None:
    async with prisma.tx() as tx:
        with use_scope(key=email):
            found = await tx.user.find_unique(where={"email": email})
        user = found.id if found else new_uuid7()
        is_confirmed = found is not None and found.emailConfirmedAt is not None
        link = _new_link(
            EmailTokenPurpose.reset if is_confirmed else EmailTokenPurpose.confirm, public_url
        )
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
            await _store(tx, link, user=user, email=email)
            write = mails.already_signed_up if is_confirmed else mails.confirm
            await write(tx, to=email, link=link.url)


async def mail_link(
    purpose: EmailTokenPurpose, *, email: str, address: str, public_url: str
) -> None:
    """Mail a link that confirms an address or resets a password, or why there is none."""
    await _count_mail(purpose, email, address)
    try:
        await _mail_link(purpose, email, public_url)
    except _CONCURRENT_CHANGES:
        await _mail_link(purpose, email, public_url)
    mail.wake_sender()


async def _mail_link(purpose: EmailTokenPurpose, email: str, public_url: str) -> None:
    link = _new_link(purpose, public_url)
    async with prisma.tx() as tx:
        with use_scope(key=email):
            found = await tx.user.find_unique(where={"email": email})
        is_confirmed = found is not None and found.emailConfirmedAt is not None
        with use_scope(user=found.id if found else new_uuid7()):
            if found is None or (is_confirmed and purpose == EmailTokenPurpose.confirm):
                # No link is needed: a statement that takes as long as storing one.
                await tx.emailtoken.delete_many(where={"hash": hash_secret(link.secret)})
            else:
                await _store(tx, link, user=found.id, email=email)
            if found is None:
                await mails.no_account(tx, to=email)
            elif purpose == EmailTokenPurpose.reset:
                await mails.reset(tx, to=email, link=link.url)
            elif is_confirmed:
                await mails.already_confirmed(tx, to=email)
            else:
                await mails.confirm(tx, to=email, link=link.url)


async def confirm_email(*, token: str, password: str, address: str) -> None:
    """Confirm an account's address by a link that works once, and the account's password."""
    link = await _link(token, EmailTokenPurpose.confirm)
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
            await tx.emailtoken.delete_many(where={"userId": user.id, "purpose": link.purpose})
    await login.reset_throttles_after_link(link.email, address)


async def reset_password(*, token: str, password: str, address: str) -> None:
    """Set a password by a link that works once; end all sessions."""
    link = await _link(token, EmailTokenPurpose.reset)
    with use_scope(user=link.userId):
        user = await prisma.user.find_unique(where={"id": link.userId})
        if user is None or user.email != link.email:
            raise invalid_link()
        passwords.require_strong(password, email=user.email, name=user.name, field="newPassword")
        password_hash = await passwords.hash_password(password, claim_of_address(address))
        async with prisma.tx() as tx:
            changes: UserUpdateInput = {"passwordHash": password_hash}
            if user.emailConfirmedAt is None:  # whoever has the link reads the address's mail
                changes["emailConfirmedAt"] = datetime.now(UTC)
            await tx.user.update(where={"id": user.id}, data=changes)
            if not await tx.emailtoken.delete_many(where={"id": link.id}):
                raise invalid_link()
            await tx.emailtoken.delete_many(where={"userId": user.id})
            await sessions.end_all(tx, user.id)
            await mails.password_changed(tx, to=user.email)
    await login.reset_throttles_after_link(user.email, address)
    mail.wake_sender()


async def _count_mail(purpose: str, email: str, address: str) -> tuple[Attempt, ...]:
    """Count a mail, and return what was counted; raise 429.

    Exhausting one purpose prevents no link for another.
    """
    attempts = (
        *throttle.from_address(MAILS_FROM_ADDRESS, address),
        Attempt(MAILS_TO_ACCOUNT, f"{purpose} {mail.mailbox(email)}"),
    )
    await throttle.attempt_all(*attempts)
    return attempts


def _new_link(purpose: EmailTokenPurpose, public_url: str) -> Link:
    secret = new_secret()
    # What follows the # stays in the browser: it appears in no server's log.
    return Link(purpose, secret, f"{public_url}/{_LINK_PAGE[purpose]}#token={secret}")


async def _store(tx: Prisma, link: Link, *, user: str, email: str) -> None:
    await tx.emailtoken.create(
        {
            "hash": hash_secret(link.secret),
            "purpose": link.purpose,
            "userId": user,
            "email": email,
            "expiresAt": datetime.now(UTC) + _LINK_LIFETIME[link.purpose],
        }
    )


async def _link(token: str, purpose: EmailTokenPurpose) -> EmailToken:
    """Return the stored link of a secret; raise 400."""
    hash_ = hash_secret(token)
    with use_scope(key=hash_):
        found = await prisma.emailtoken.find_unique(where={"hash": hash_})
    if found is None or found.purpose != purpose or found.expiresAt <= datetime.now(UTC):
        raise invalid_link()
    return found
