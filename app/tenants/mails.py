"""The texts of the mails to users of tenants."""

from datetime import timedelta

from prisma import Prisma

from app import mail


async def first_password(
    tx: Prisma, *, to: str, tenant: str, link: str, lifetime: timedelta
) -> None:
    """Tell a new user how to set a password; `tenant` is a name as somebody chose it."""
    name = mail.display_name(tenant)
    await mail.enqueue(
        tx,
        to=to,
        subject=f"Your log-in at {name}",
        text=f'"{name}" works with Tenantry, and you have a log-in there with this address. To set '
        f"your password, open\n\n{link}\n\nwithin {lifetime.days} days. If you do not know who "
        "this is, ignore this mail.\n",
    )
