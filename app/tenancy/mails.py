"""The texts of the mails about tenancies; `noun` says what kind of tenancy: "workspace"."""

from datetime import timedelta

from prisma import Prisma

from app import mail


async def invitation(
    tx: Prisma,
    *,
    to: str,
    inviter: str,
    noun: str,
    name: str,
    role: str,
    link: str,
    lifetime: timedelta,
) -> None:
    """Invite an address; `inviter` and `name` are names as their users chose them."""
    inviter, name = mail.display_name(inviter), mail.display_name(name)
    await mail.enqueue(
        tx,
        to=to,
        subject=f"Invitation to {name}",
        text=f'{inviter} invites you to work in the {noun} "{name}" at Tenantry. Your role in it '
        f"will be {role}. To accept, log in or sign up with this address, and open\n\n{link}\n\n"
        f"within {lifetime.days} days. If you do not know who invites you, ignore this mail.\n",
    )


async def transfer(
    tx: Prisma, *, to: str, owner: str, noun: str, name: str, link: str, lifetime: timedelta
) -> None:
    """Offer a member the ownership; `owner` and `name` are names as their users chose them."""
    owner, name = mail.display_name(owner), mail.display_name(name)
    await mail.enqueue(
        tx,
        to=to,
        subject=f"Ownership of {name}",
        text=f'{owner} offers you the ownership of the {noun} "{name}" at Tenantry. To '
        f"accept or decline, log in and open\n\n{link}\n\n"
        f"within {lifetime.days} days. Nothing changes until you accept.\n",
    )


async def transfer_accepted(
    tx: Prisma, *, to: str, member: str, noun: str, name: str, is_owner: bool = False
) -> None:
    """Tell whoever offered, and is an admin now or still an owner; the names are users' choices."""
    member, name = mail.display_name(member), mail.display_name(name)
    outcome = "You are still an owner of it too." if is_owner else "You are now an admin of it."
    await mail.enqueue(
        tx,
        to=to,
        subject=f"New owner of {name}",
        text=f'{member} accepted the ownership of the {noun} "{name}" at Tenantry that you '
        f"offered. {outcome}\n",
    )


async def transfer_declined(tx: Prisma, *, to: str, member: str, noun: str, name: str) -> None:
    """Tell whoever offered; `member` and `name` are names as their users chose them."""
    member, name = mail.display_name(member), mail.display_name(name)
    await mail.enqueue(
        tx,
        to=to,
        subject=f"You still own {name}",
        text=f'{member} declined the ownership of the {noun} "{name}" at Tenantry that you '
        "offered. Nothing has changed: you can offer it to somebody else.\n",
    )
