"""The texts of the mails about tenancies; `noun` says what kind of tenancy: "workspace"."""

from datetime import timedelta

from prisma import Prisma

from app import mail


async def invitation(
    tx: Prisma, *, to: str, inviter: str, noun: str, name: str, link: str, lifetime: timedelta
) -> None:
    """Invite an address; `inviter` and `name` are names as their users chose them."""
    inviter, name = mail.display_name(inviter), mail.display_name(name)
    await mail.enqueue(
        tx,
        to=to,
        subject=f"Invitation to {name}",
        text=f'{inviter} invites you to work in the {noun} "{name}" at Tenantry. To '
        f"accept, log in or sign up with this address, and open\n\n{link}\n\n"
        f"within {lifetime.days} days. If you do not know who invites you, ignore this mail.\n",
    )
