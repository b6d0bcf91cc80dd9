"""Logging in, and the limits that slow guessing down without locking the holder out.

A guess counts for the address that it comes from, and for the account. Whoever guesses from many
addresses exhausts the account's limit; the holder, who is told by mail, still gets in: with a
device that is known, or from where they opened a link that was mailed to them.

Whether an address has an account is never revealed: with and without one a log-in gets the same
answers, hashes as often, and sends the database as many statements.
"""

from datetime import timedelta
from functools import partial
from typing import Protocol, TypeVar

from prisma import Prisma

from app import mail
from app.accounts import mails
from app.accounts.errors import wrong_credentials
from app.accounts.recent import RecentLogIns
from app.accounts.schemas import LoggedIn, LogIn
from app.auth import Tokens, devices, passwords, sessions, throttle
from app.auth.passwords import Hashing
from app.auth.realms import Account, Realm
from app.auth.shares import Claim, claim_of_address, claim_of_known
from app.auth.throttle import Attempt, Limit
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

# Prisma has no row locks. This one lets other log-ins to the account go on.
_LOCK_ACCOUNT = 'SELECT id FROM {account} WHERE id = $1::uuid AND "passwordHash" = $2 FOR SHARE'

recent_log_ins = RecentLogIns()

BegunT = TypeVar("BegunT")
BegunT_co = TypeVar("BegunT_co", covariant=True)


class Begin(Protocol[BegunT_co]):
    """Begins a session of a kind in a transaction, in its user's scope."""

    async def __call__(self, tx: Prisma, *, user: str) -> BegunT_co: ...


async def log_in(
    realm: Realm, tokens: Tokens, credentials: LogIn, *, address: str, begin: Begin[BegunT]
) -> tuple[BegunT, str]:
    """Begin a session; return what `begin` returned, and a token for the known device."""
    email, subject = credentials.email, realm.distinguish(credentials.email)
    is_known = recent_log_ins.has(subject, address)
    if credentials.deviceToken is None:
        throttle.require_not_exceeded(*_from_address(address))
    passwords.require_room(_claim(subject, address, is_known or bool(credentials.deviceToken)))
    account = await _find(realm, email)
    device = devices.identify(tokens, realm, credentials.deviceToken, account)
    counted = await _count_try(realm, email, address, account, device)
    claim = _claim(subject, address, is_known or device is not None)
    async with throttle.refunded_if_busy(*counted):
        with passwords.reserve_slot(claim) as hashing:
            account = await _verify(realm, hashing, account, credentials.password)
            await throttle.attempt(SESSIONS_OF_ACCOUNT, subject)
            begun = await _begin(realm, begin, account)
            if begun is None:  # the password was changed, or hashed again meanwhile: look again
                found = await _find(realm, email)
                account = await _verify(realm, hashing, found, credentials.password)
                begun = await _begin(realm, begin, account)
    if begun is None:
        raise wrong_credentials()
    await _reset_throttles(subject, address, device)
    recent_log_ins.remember(subject, address)
    token = devices.issue(
        tokens,
        realm,
        user=account.id,
        password_hash=account.password_hash or "",
        device=device,
    )
    return begun, token


async def log_in_with_tokens(
    realm: Realm,
    tokens: Tokens,
    credentials: LogIn,
    *,
    address: str,
    user_agent: str | None,
    lifetime: timedelta,
) -> LoggedIn:
    """Begin a session with tokens."""
    begin = partial(
        sessions.begin, realm=realm, tokens=tokens, user_agent=user_agent, lifetime=lifetime
    )
    pair, device = await log_in(realm, tokens, credentials, address=address, begin=begin)
    return LoggedIn(**pair.model_dump(), deviceToken=device)


async def reset_throttles_after_link(realm: Realm, email: str, address: str) -> None:
    """Let the holder in from an address where they opened a link that was mailed to them."""
    subject = realm.distinguish(email)
    await throttle.reset(TRIES, f"{subject} {address}")
    await throttle.reset(LOG_INS_OF_ACCOUNT, subject)
    await throttle.reset(SESSIONS_OF_ACCOUNT, subject)
    await throttle.count(LINKS_OPENED, f"{subject} {address}")


async def _find(realm: Realm, email: str) -> Account | None:
    with realm.use_scope(key=email):
        return await realm.find_by_email(prisma, email)


async def _count_try(
    realm: Realm, email: str, address: str, account: Account | None, device: str | None
) -> tuple[Attempt, ...]:
    """Count an attempt under each limit that applies, and return these; raise 429."""
    if account and device:
        known = (Attempt(LOG_INS_OF_DEVICE, device), Attempt(LOG_INS_OF_DEVICES, account.id))
        await throttle.attempt_all(*known)
        return known
    subject = realm.distinguish(email)
    unknown = (*_from_address(address), Attempt(TRIES, f"{subject} {address}"))
    await throttle.attempt_all(*unknown)
    count = await throttle.count(LOG_INS_OF_ACCOUNT, subject)
    if count.is_first_excess:
        await _warn(realm, email, account)
    if count.is_exceeded and not await throttle.is_counted(LINKS_OPENED, f"{subject} {address}"):
        count.require()
    return (*unknown, Attempt(LOG_INS_OF_ACCOUNT, subject))


def _from_address(address: str) -> tuple[Attempt, ...]:
    return throttle.from_address(LOG_INS_FROM_ADDRESS, address, cost=_COST)


def _claim(subject: str, address: str, is_known: bool) -> Claim:
    return claim_of_known(subject) if is_known else claim_of_address(address)


async def _warn(realm: Realm, email: str, account: Account | None) -> None:
    """Tell the holder that their account refuses unknown devices; without one, do equal work."""
    subject = realm.distinguish(email)
    if (await throttle.count(WARNINGS, subject)).is_exceeded:
        return
    async with prisma.tx() as tx:
        if account and account.is_confirmed:
            await mails.log_ins_refused(tx, to=email, place=realm.name)
        else:
            await throttle.touch(tx, WARNINGS, subject)
    mail.wake_sender()


async def _verify(
    realm: Realm, hashing: Hashing, account: Account | None, password: str
) -> Account:
    """Return the account with the hash that is stored from now on; raise 401."""
    is_right, new_hash = await hashing.verify(password, account.password_hash if account else None)
    if not is_right or account is None or not account.is_confirmed:
        raise wrong_credentials()
    if new_hash:
        with realm.use_scope(user=account.id):
            await realm.accounts(prisma).update_many(
                where={**realm.columns, "id": account.id, "passwordHash": account.password_hash},
                data={"passwordHash": new_hash},
            )
        account.password_hash = new_hash
    return account


async def _begin(realm: Realm, begin: Begin[BegunT], account: Account) -> BegunT | None:
    """Begin a session, or return None if the stored hash changed since it was read."""
    with realm.use_scope(user=account.id):
        async with prisma.tx() as tx:
            if not await _lock_password(tx, realm, account):
                return None
            return await begin(tx, user=account.id)


async def _lock_password(tx: Prisma, realm: Realm, account: Account) -> bool:
    """Lock the password until the transaction ends; return whether it is still the same.

    Whoever changes it afterwards ends the session that begins here too.
    """
    return bool(
        await tx.query_raw(
            _LOCK_ACCOUNT.format(account=realm.tables.account),
            account.id,
            account.password_hash,
        )
    )


async def _reset_throttles(subject: str, address: str, device: str | None) -> None:
    """Reset the limits of failed attempts after a success: the caller has proved who they are."""
    if device:
        # What strangers tried still counts: the device does not need the account's limit.
        await throttle.reset(LOG_INS_OF_DEVICE, device)
        return
    await throttle.reset(TRIES, f"{subject} {address}")
    await throttle.reset(LOG_INS_OF_ACCOUNT, subject)
    for each in _from_address(address):
        await throttle.refund(each.limit, each.subject, cost=_REFUND)
