"""The texts of the mails about workspaces."""

from datetime import timedelta

from prisma import Prisma

from app import mail


async def transfer(
    tx: Prisma, *, to: str, owner: str, workspace: str, link: str, lifetime: timedelta
) -> None:
    """Offer a member the ownership; `owner` and `workspace` are names as their users chose them."""
    owner, workspace = mail.display_name(owner), mail.display_name(workspace)
    await mail.enqueue(
        tx,
        to=to,
        subject=f"Ownership of {workspace}",
        text=f'{owner} offers you the ownership of the workspace "{workspace}" at Tenantry. To '
        f"accept or decline, log in and open\n\n{link}\n\n"
        f"within {lifetime.days} days. Nothing changes until you accept.\n",
    )


async def transfer_accepted(tx: Prisma, *, to: str, member: str, workspace: str) -> None:
    """Tell the former owner; `member` and `workspace` are names as their users chose them."""
    member, workspace = mail.display_name(member), mail.display_name(workspace)
    await mail.enqueue(
        tx,
        to=to,
        subject=f"New owner of {workspace}",
        text=f'{member} accepted the ownership of the workspace "{workspace}" at Tenantry that you '
        "offered. You are now an admin of it.\n",
    )


async def transfer_declined(tx: Prisma, *, to: str, member: str, workspace: str) -> None:
    """Tell the owner; `member` and `workspace` are names as their users chose them."""
    member, workspace = mail.display_name(member), mail.display_name(workspace)
    await mail.enqueue(
        tx,
        to=to,
        subject=f"You still own {workspace}",
        text=f'{member} declined the ownership of the workspace "{workspace}" at Tenantry that you '
        "offered. Nothing has changed: you can offer it to somebody else.\n",
    )
