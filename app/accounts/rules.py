"""The ways in: signing up, links in mails, logging in.

Who asks learns nothing of accounts that are not theirs. So where an address may have an account or
not, both ways give one answer, hash a password or none, and send the database as many statements.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prisma import Prisma
from prisma.enums import EmailTokenPurpose
from prisma.errors import ForeignKeyViolationError, UniqueViolationError
from prisma.models import EmailToken, User
from prisma.types import UserUpdateInput

from app import mail
from app.accounts import mails
from app.accounts.errors import invalid_link, wrong_credentials
from app.auth import TokenPair, Tokens, hash_secret, new_secret, passwords, sessions, throttle
from app.auth.throttle import Limit
from app.db import prisma
from app.kit.ids import new_uuid7
from app.scope import use_scope

# From one address to one account, so that whoever guesses elsewhere does not lock its holder out;
# the account's own limit is for those who guess from many addresses.
TRIES = Limit("tries", 10, timedelta(minutes=15))
LOG_INS_OF_ACCOUNT = Limit("log-ins of account", 100, timedelta(minutes=15))
LOG_INS_FROM_ADDRESS = Limit("log-ins from address", 100, timedelta(minutes=15))
MAILS_TO_ACCOUNT = Limit("mails to account", 5, timedelta(hours=1))
MAILS_FROM_ADDRESS = Limit("mails from address", 50, timedelta(hours=1))

# An account was made, or deleted, at this very moment: a second look tells.
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
    """A link that is to be mailed; of its secret the database keeps the hash."""

    purpose: EmailTokenPurpose
    secret: str
    url: str


async def sign_up(
    *, email: str, password: str, name: str | None, address: str, public_url: str
) -> None:
    """Make an account that waits for its confirmation, or tell its holder that there is one."""
    passwords.require_strong(password, email=email, name=name)
    await _count_mail("sign-up", email, address)
    password_hash = await passwords.hash_password(password)
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
                # The last one to sign up may choose, as long as nobody has confirmed the address.
                await tx.user.update_many(
                    where={"id": user, "emailConfirmedAt": None},
                    data={"name": name, "passwordHash": password_hash},
                )
            await _keep(tx, link, user=user, email=email)
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
                # There is none: it is to take as long as making one.
                await tx.emailtoken.delete_many(where={"hash": hash_secret(link.secret)})
            else:
                await _keep(tx, link, user=found.id, email=email)
            if found is None:
                await mails.no_account(tx, to=email)
            elif purpose == EmailTokenPurpose.reset:
                await mails.reset(tx, to=email, link=link.url)
            elif is_confirmed:
                await mails.already_confirmed(tx, to=email)
            else:
                await mails.confirm(tx, to=email, link=link.url)


async def confirm_email(*, token: str, password: str, address: str) -> None:
    """The address is its account's from now on; the link works once."""
    link = await _link(token, EmailTokenPurpose.confirm)
    await _count_try(link.email, address)
    with use_scope(user=link.userId):
        user = await prisma.user.find_unique(where={"id": link.userId})
        if user is None or user.email != link.email:
            raise invalid_link()
        is_right, _ = await passwords.verify(password, user.passwordHash)
        if not is_right:
            raise wrong_credentials()
        async with prisma.tx() as tx:
            # The account's row first, everywhere: what concerns it comes one after the other.
            confirmed = await tx.user.update_many(
                where={"id": user.id, "passwordHash": user.passwordHash},
                data={"emailConfirmedAt": datetime.now(UTC)},
            )
            if not confirmed:  # somebody signed up anew meanwhile, with another password
                raise wrong_credentials()
            if not await tx.emailtoken.delete_many(where={"id": link.id}):
                raise invalid_link()
            await tx.emailtoken.delete_many(where={"userId": user.id, "purpose": link.purpose})
    await _forget_tries(link.email, address)


async def reset_password(*, token: str, password: str, address: str) -> None:
    """Set a password by a link that works once; ends all sessions."""
    link = await _link(token, EmailTokenPurpose.reset)
    with use_scope(user=link.userId):
        user = await prisma.user.find_unique(where={"id": link.userId})
        if user is None or user.email != link.email:
            raise invalid_link()
        passwords.require_strong(password, email=user.email, name=user.name, field="newPassword")
        password_hash = await passwords.hash_password(password)
        async with prisma.tx() as tx:
            changes: UserUpdateInput = {"passwordHash": password_hash}
            if user.emailConfirmedAt is None:  # who has the link reads the address's mail
                changes["emailConfirmedAt"] = datetime.now(UTC)
            await tx.user.update(where={"id": user.id}, data=changes)
            if not await tx.emailtoken.delete_many(where={"id": link.id}):
                raise invalid_link()
            await tx.emailtoken.delete_many(where={"userId": user.id})
            await sessions.end_all(tx, user.id)
            await mails.password_changed(tx, to=user.email)
    await _forget_tries(user.email, address)
    mail.wake_sender()


async def log_in(
    tokens: Tokens,
    *,
    email: str,
    password: str,
    address: str,
    user_agent: str | None,
    lifetime: timedelta,
) -> TokenPair:
    """A new session."""
    await throttle.attempt(LOG_INS_FROM_ADDRESS, address)
    await _count_try(email, address)
    pair = await _log_in(tokens, email, password, user_agent, lifetime)
    if pair is None:  # changed, or hashed anew by another log-in: the second look tells
        pair = await _log_in(tokens, email, password, user_agent, lifetime)
    if pair is None:
        raise wrong_credentials()
    await _forget_tries(email, address)
    await throttle.refund(LOG_INS_FROM_ADDRESS, address)
    return pair


async def _log_in(
    tokens: Tokens, email: str, password: str, user_agent: str | None, lifetime: timedelta
) -> TokenPair | None:
    """None if what is stored of the password became another while it was looked at."""
    with use_scope(key=email):
        user = await prisma.user.find_unique(where={"email": email})
    is_right, hashed_anew = await passwords.verify(password, user.passwordHash if user else None)
    if not is_right or user is None or user.emailConfirmedAt is None:
        raise wrong_credentials()
    with use_scope(user=user.id):
        async with prisma.tx() as tx:
            if not await _lock_password(tx, user):
                return None
            pair = await sessions.begin(
                tx, tokens, user=user.id, user_agent=user_agent, lifetime=lifetime
            )
        if hashed_anew:
            await prisma.user.update_many(
                where={"id": user.id, "passwordHash": user.passwordHash},
                data={"passwordHash": hashed_anew},
            )
    return pair


async def _lock_password(tx: Prisma, user: User) -> bool:
    """Let nobody change a password until the transaction ends; whether it is still the same.

    Who changes it then ends the session that begins here too.
    """
    # Prisma has no row locks. This one lets others log in to the account meanwhile.
    return bool(
        await tx.query_raw(
            'SELECT id FROM "User" WHERE id = $1::uuid AND "passwordHash" = $2 FOR SHARE',
            user.id,
            user.passwordHash,
        )
    )


async def _count_try(email: str, address: str) -> None:
    await throttle.attempt(TRIES, f"{email} {address}")
    await throttle.attempt(LOG_INS_OF_ACCOUNT, email)


async def _forget_tries(email: str, address: str) -> None:
    await throttle.reset(TRIES, f"{email} {address}")
    await throttle.reset(LOG_INS_OF_ACCOUNT, email)


async def _count_mail(purpose: str, email: str, address: str) -> None:
    """Each purpose apart: whoever uses one up keeps nobody from a link of another kind."""
    await throttle.attempt(MAILS_FROM_ADDRESS, address)
    await throttle.attempt(MAILS_TO_ACCOUNT, f"{purpose} {email}")


def _new_link(purpose: EmailTokenPurpose, public_url: str) -> Link:
    secret = new_secret()
    # Behind the # it stays in the browser: no server's log has it.
    return Link(purpose, secret, f"{public_url}/{_LINK_PAGE[purpose]}#token={secret}")


async def _keep(tx: Prisma, link: Link, *, user: str, email: str) -> None:
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
    """What a link's secret stands for; raises 400."""
    hash_ = hash_secret(token)
    with use_scope(key=hash_):
        found = await prisma.emailtoken.find_unique(where={"hash": hash_})
    if found is None or found.purpose != purpose or found.expiresAt <= datetime.now(UTC):
        raise invalid_link()
    return found
