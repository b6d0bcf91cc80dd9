"""Links in mails: they show that whoever opens one reads the mail of an account's address.

Callers learn nothing about accounts that are not theirs. Where an address may have an account or
not, both cases give the same answer and send the database as many statements.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prisma import Prisma
from prisma.enums import EmailTokenPurpose
from prisma.errors import ForeignKeyViolationError, UniqueViolationError

from app import mail
from app.accounts import login, mails
from app.accounts.errors import invalid_link
from app.auth import hash_secret, new_secret, passwords, sessions, throttle
from app.auth.realms import Account, LinkKind, LinkRow, Realm
from app.auth.shares import claim_of_address
from app.auth.throttle import Attempt, Limit
from app.db import prisma
from app.kit.ids import new_uuid7

MAILS_TO_ACCOUNT = Limit("mails to account", 5, timedelta(hours=1))
MAILS_FROM_ADDRESS = Limit("mails from address", 50, timedelta(hours=1))

# Of users of the service, who choose their password before the address is confirmed.
CONFIRMATION = LinkKind(
    "confirm", {"purpose": EmailTokenPurpose.confirm}, "confirm-email", timedelta(days=3)
)
# The account was created or deleted at the same moment: the second attempt sees it.
CONCURRENT_CHANGES = (UniqueViolationError, ForeignKeyViolationError)


@dataclass(frozen=True, slots=True)
class Link:
    """A link to be mailed; the database stores the hash of its secret."""

    kind: LinkKind
    secret: str
    url: str


def new_link(kind: LinkKind, public_url: str) -> Link:
    """Return a new link of a kind."""
    secret = new_secret()
    # What follows the # stays in the browser: it appears in no server's log.
    return Link(kind, secret, f"{public_url}/{kind.page}#token={secret}")


async def store(tx: Prisma, realm: Realm, link: Link, *, user: str, email: str) -> None:
    """Store a link to an account, to be mailed to its address."""
    # Not `create`, which would read the row: whoever mails a link to somebody else does not see it.
    await realm.links(tx).create_many(
        data=[
            {
                **realm.columns,
                **link.kind.columns,
                "hash": hash_secret(link.secret),
                "userId": user,
                "email": email,
                "expiresAt": datetime.now(UTC) + link.kind.lifetime,
            }
        ]
    )


async def find(realm: Realm, kind: LinkKind, token: str) -> LinkRow:
    """Return the stored link of a kind that has a token; raise 400."""
    hash_ = hash_secret(token)
    with realm.use_scope(key=hash_):
        found = await realm.links(prisma).find_first(
            where={**realm.columns, **kind.columns, "hash": hash_}
        )
    if found is None or found.expiresAt <= datetime.now(UTC):
        raise invalid_link()
    return found


async def count_mail(realm: Realm, purpose: str, email: str, address: str) -> tuple[Attempt, ...]:
    """Count a mail, and return what was counted; raise 429.

    Exhausting one purpose prevents no link for another.
    """
    subject = realm.distinguish(f"{purpose} {mail.mailbox(email)}")
    attempts = (
        *throttle.from_address(MAILS_FROM_ADDRESS, address),
        Attempt(MAILS_TO_ACCOUNT, subject),
    )
    await throttle.attempt_all(*attempts)
    return attempts


async def mail_link(
    realm: Realm, kind: LinkKind, *, email: str, address: str, public_url: str
) -> None:
    """Mail a link that confirms an address or sets a password, or why there is none."""
    await count_mail(realm, kind.name, email, address)
    try:
        await _mail_link(realm, kind, email, public_url)
    except CONCURRENT_CHANGES:
        await _mail_link(realm, kind, email, public_url)
    mail.wake_sender()


async def reset_password(realm: Realm, *, token: str, password: str, address: str) -> None:
    """Set a password by a link that works once; end all sessions."""
    link = await find(realm, realm.reset_link, token)
    with realm.use_scope(user=link.userId):
        account = await realm.find_by_id(prisma, link.userId)
        if account is None or account.email != link.email:
            raise invalid_link()
        passwords.require_strong(
            password, email=account.email, name=account.name, field="newPassword"
        )
        password_hash = await passwords.hash_password(password, claim_of_address(address))
        of_account = {**realm.columns, "userId": account.id}
        async with prisma.tx() as tx:
            # Whoever has the link reads the address's mail.
            await realm.accounts(tx).update_many(
                where={**realm.columns, "id": account.id},
                data={"passwordHash": password_hash, **realm.confirmation(account)},
            )
            if not await realm.links(tx).delete_many(where={**of_account, "id": link.id}):
                raise invalid_link()
            await realm.links(tx).delete_many(where=of_account)
            await sessions.end_all(tx, realm, account.id)
            await mails.password_changed(tx, to=account.email, place=realm.name)
    await login.reset_throttles_after_link(realm, account.email, address)
    mail.wake_sender()


async def _mail_link(realm: Realm, kind: LinkKind, email: str, public_url: str) -> None:
    link = new_link(kind, public_url)
    async with prisma.tx() as tx:
        with realm.use_scope(key=email):
            found = await realm.find_by_email(tx, email)
        with realm.use_scope(user=found.id if found else new_uuid7()):
            if found is None or (found.is_confirmed and kind is CONFIRMATION):
                # No link is needed: a statement that takes as long as storing one.
                await realm.links(tx).delete_many(
                    where={**realm.columns, "hash": hash_secret(link.secret)}
                )
            else:
                await store(tx, realm, link, user=found.id, email=email)
            if found or realm.mails_strangers:
                await _write(tx, realm, found, link, email)
            else:
                subject = realm.distinguish(f"{kind.name} {mail.mailbox(email)}")
                await throttle.touch(tx, MAILS_TO_ACCOUNT, subject)


async def _write(tx: Prisma, realm: Realm, found: Account | None, link: Link, email: str) -> None:
    if found is None:
        await mails.no_account(tx, to=email)
    elif link.kind is not CONFIRMATION:
        await mails.reset(tx, to=email, place=realm.name, link=link.url)
    elif found.is_confirmed:
        await mails.already_confirmed(tx, to=email)
    else:
        await mails.confirm(tx, to=email, link=link.url)
