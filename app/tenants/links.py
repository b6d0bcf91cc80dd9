"""Links by which users of a tenant set a password, the first one or another."""

from datetime import timedelta
from typing import Protocol

from prisma import Prisma

from app import mail
from app.accounts import links
from app.auth import throttle
from app.auth.throttle import Attempt, Limit
from app.tenancy import recipients
from app.tenants import mails
from app.tenants.membership import TenantId
from app.tenants.realm import TenantRealm

# Each is mailed to an address that its sender chose.
_BY_ONE_USER = Limit("links to users of tenants by user", 100, timedelta(hours=1))
_OF_ONE_TENANT = Limit("links to users of tenant", 200, timedelta(hours=1))
_TO_ONE_USER = Limit("links to user of tenant", 5, timedelta(hours=1))


class Named(Protocol):
    """A tenant, as far as a mail names it."""

    id: str
    name: str


class Addressed(Protocol):
    """A user of a tenant, as far as a mail reaches them."""

    id: str
    email: str


async def count_mail(*, sender: str, email: str, tenant: str = "") -> None:
    """Count a link that a user mails to another, before its transaction; raise 429.

    Without a tenant, the link is for the first user of a new one.
    """
    await throttle.attempt_all(
        Attempt(_BY_ONE_USER, sender),
        Attempt(_OF_ONE_TENANT, tenant),
        Attempt(_TO_ONE_USER, tenant and f"{tenant} {mail.mailbox(email)}"),
    )
    await recipients.count_mail(email)


async def mail_first_link(tx: Prisma, tenant: Named, user: Addressed, *, public_url: str) -> None:
    """Queue a mail with a link by which a user of a tenant sets their first password.

    Call `mail.wake_sender()` after the commit.
    """
    realm = TenantRealm(TenantId(tenant.id), tenant.name)
    link = links.new_link(realm.first_link, public_url)
    await links.store(tx, realm, link, user=user.id, email=user.email)
    await mails.first_password(
        tx, to=user.email, tenant=tenant.name, link=link.url, lifetime=link.kind.lifetime
    )
