"""Logging in, and the limits that slow guessing down without locking the holder out.

A guess counts for the address that it comes from, and for the account. Whoever guesses from many
addresses exhausts the account's limit; the holder, who is told by mail, still gets in: with a
device that is known, or from where they opened a link that was mailed to them.

Whether an address has an account is never revealed: with and without one a log-in gets the same
answers, hashes as often, and sends the database as many statements.
"""

from datetime import timedelta
from typing import Protocol, TypeVar

from prisma import Prisma
from prisma.models import User

from app import mail
from app.accounts import mails
from app.accounts.errors import wrong_credentials
from app.accounts.recent import RecentLogIns
from app.accounts.schemas import LogIn
from app.auth import Tokens, devices, passwords, throttle
from app.auth.passwords import Hashing
from app.auth.shares import Claim, claim_of_address, claim_of_known
from app.auth.throttle import Attempt, Limit
from app.database.scope import use_scope
from app.db import prisma

_WINDOW = timedelta(minutes=15)
# From one address to one account: it stops a guesser without stopping the holder elsewhere.
TRIES = Limit("tries", 10, _WINDOW, is_resettable=True)
# From all addresses that hold no token of a known device.
LOG_INS_OF_ACCOUNT = Limit("log-ins of account", 100, _WINDOW, is_resettable=True)
# From one address to all accounts. A success costs half as much as a failure: colleagues who share
# an address may all log in, but nobody keeps the processors busy.
LOG_INS_FROM_ADDRESS = Limit("log-ins from address", 200, _WINDOW)
_COST, _REFUND = 2, 1
# Known devices count here, and for none of the limits above: others cannot exhaust these.
LOG_INS_OF_DEVICE = Limit("log-ins of device", 10, _WINDOW, is_resettable=True)
LOG_INS_OF_DEVICES = Limit("log-ins of known devices", 60, _WINDOW)
# Log-ins that succeed. It is checked after the password: a refusal tells strangers nothing.
SESSIONS_OF_ACCOUNT = Limit("sessions of account", 30, _WINDOW, is_resettable=True)
# Mails that warn the holder. An attack that goes on for days fills no mailbox.
WARNINGS = Limit("warnings", 1, timedelta(days=1))
# Where a link that was mailed to the holder was opened, the account's limit does not count.
LINKS_OPENED = Limit("links opened", 1, timedelta(hours=1))

recent_log_ins = RecentLogIns()

BegunT = TypeVar("BegunT")
BegunT_co = TypeVar("BegunT_co", covariant=True)


class Begin(Protocol[BegunT_co]):
    """Begins a session of a kind in a transaction, in its user's scope."""

    async def __call__(self, tx: Prisma, *, user: str) -> BegunT_co: ...


async def log_in(
    tokens: Tokens, credentials: LogIn, *, address: str, begin: Begin[BegunT]
) -> tuple[BegunT, str]:
    """Begin a session; return what `begin` returned, and a token for the known device."""
    email = credentials.email
    is_known = recent_log_ins.has(email, address)
    if credentials.deviceToken is None:
        throttle.require_not_exceeded(*_from_address(address))
    passwords.require_room(_claim(email, address, is_known or bool(credentials.deviceToken)))
    user = await _find(email)
    device = devices.identify(tokens, credentials.deviceToken, user)
    counted = await _count_try(email, address, user, device)
    claim = _claim(email, address, is_known or device is not None)
    async with throttle.refunded_if_busy(*counted):
        with passwords.reserve_slot(claim) as hashing:
            user = await _verify(hashing, user, credentials.password)
            await throttle.attempt(SESSIONS_OF_ACCOUNT, email)
            begun = await _begin(begin, user)
            if begun is None:  # the password was changed, or hashed again meanwhile: look again
                user = await _verify(hashing, await _find(email), credentials.password)
                begun = await _begin(begin, user)
    if begun is None:
        raise wrong_credentials()
    await _reset_throttles(email, address, device)
    recent_log_ins.remember(email, address)
    token = devices.issue(
        tokens, user=user.id, password_hash=user.passwordHash or "", device=device
    )
    return begun, token


async def reset_throttles_after_link(email: str, address: str) -> None:
    """Let the holder in from an address where they opened a link that was mailed to them."""
    await throttle.reset(TRIES, f"{email} {address}")
    await throttle.reset(LOG_INS_OF_ACCOUNT, email)
    await throttle.reset(SESSIONS_OF_ACCOUNT, email)
    await throttle.count(LINKS_OPENED, f"{email} {address}")


async def _find(email: str) -> User | None:
    with use_scope(key=email):
        return await prisma.user.find_unique(where={"email": email})


async def _count_try(
    email: str, address: str, user: User | None, device: str | None
) -> tuple[Attempt, ...]:
    """Count an attempt under each limit that applies, and return these; raise 429."""
    if user and device:
        known = (Attempt(LOG_INS_OF_DEVICE, device), Attempt(LOG_INS_OF_DEVICES, user.id))
        await throttle.attempt_all(*known)
        return known
    unknown = (*_from_address(address), Attempt(TRIES, f"{email} {address}"))
    await throttle.attempt_all(*unknown)
    count = await throttle.count(LOG_INS_OF_ACCOUNT, email)
    if count.is_first_excess:
        await _warn(email, user)
    if count.is_exceeded and not await throttle.is_counted(LINKS_OPENED, f"{email} {address}"):
        count.require()
    return (*unknown, Attempt(LOG_INS_OF_ACCOUNT, email))


def _from_address(address: str) -> tuple[Attempt, ...]:
    return throttle.from_address(LOG_INS_FROM_ADDRESS, address, cost=_COST)


def _claim(email: str, address: str, is_known: bool) -> Claim:
    return claim_of_known(email) if is_known else claim_of_address(address)


async def _warn(email: str, user: User | None) -> None:
    """Tell the holder that their account refuses unknown devices; without one, do equal work."""
    if (await throttle.count(WARNINGS, email)).is_exceeded:
        return
    async with prisma.tx() as tx:
        if user and user.emailConfirmedAt:
            await mails.log_ins_refused(tx, to=email)
        else:
            await throttle.touch(tx, WARNINGS, email)
    mail.wake_sender()


async def _verify(hashing: Hashing, user: User | None, password: str) -> User:
    """Return the user with the hash that is stored from now on; raise 401."""
    is_right, new_hash = await hashing.verify(password, user.passwordHash if user else None)
    if not is_right or user is None or user.emailConfirmedAt is None:
        raise wrong_credentials()
    if new_hash:
        with use_scope(user=user.id):
            await prisma.user.update_many(
                where={"id": user.id, "passwordHash": user.passwordHash},
                data={"passwordHash": new_hash},
            )
        user.passwordHash = new_hash
    return user


async def _begin(begin: Begin[BegunT], user: User) -> BegunT | None:
    """Begin a session, or return None if the stored hash changed since it was read."""
    with use_scope(user=user.id):
        async with prisma.tx() as tx:
            if not await _lock_password(tx, user):
                return None
            return await begin(tx, user=user.id)


async def _lock_password(tx: Prisma, user: User) -> bool:
    """Lock the password until the transaction ends; return whether it is still the same.

    Whoever changes it afterwards ends the session that begins here too.
    """
    # Prisma has no row locks. This one lets other log-ins to the account go on.
    return bool(
        await tx.query_raw(
            'SELECT id FROM "User" WHERE id = $1::uuid AND "passwordHash" = $2 FOR SHARE',
            user.id,
            user.passwordHash,
        )
    )


async def _reset_throttles(email: str, address: str, device: str | None) -> None:
    """Reset the limits of failed attempts after a success: the caller has proved who they are."""
    if device:
        # What strangers tried still counts: the device does not need the account's limit.
        await throttle.reset(LOG_INS_OF_DEVICE, device)
        return
    await throttle.reset(TRIES, f"{email} {address}")
    await throttle.reset(LOG_INS_OF_ACCOUNT, email)
    for each in _from_address(address):
        await throttle.refund(each.limit, each.subject, cost=_REFUND)
