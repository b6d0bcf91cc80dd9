"""The texts of the mails about accounts.

They contain nothing that users chose: whoever signs up with somebody else's address would choose
what is mailed to it. Only the name of a tenant is somebody's choice, but not that of its users.
"""

from prisma import Prisma

from app import mail

_IGNORE = "If that was not you, ignore this mail: nothing has changed."


async def confirm(tx: Prisma, *, to: str, link: str) -> None:
    await mail.enqueue(
        tx,
        to=to,
        subject="Confirm your e-mail address",
        text=f"Somebody signed up at Tenantry with this address. To confirm it, open\n\n{link}\n\n"
        f"and enter the password that you chose. The link works for three days.\n{_IGNORE}\n",
    )


async def already_signed_up(tx: Prisma, *, to: str, link: str) -> None:
    await mail.enqueue(
        tx,
        to=to,
        subject="You have an account already",
        text="Somebody signed up at Tenantry with this address, which already has an account: "
        f"log in as usual. If you forgot the password, set a new one within an hour:\n\n{link}\n\n"
        f"{_IGNORE}\n",
    )


async def already_confirmed(tx: Prisma, *, to: str) -> None:
    await mail.enqueue(
        tx,
        to=to,
        subject="Your e-mail address is confirmed",
        text="Somebody asked to confirm this address at Tenantry. It is confirmed already: "
        f"log in as usual.\n{_IGNORE}\n",
    )


async def reset(tx: Prisma, *, to: str, place: str, link: str) -> None:
    """Mail a link; `place` is where the account is, as its managers named it."""
    place = mail.display_name(place)
    await mail.enqueue(
        tx,
        to=to,
        subject="Set a new password",
        text=f"Somebody asked for a new password at {place} for this address. To set one, "
        f"open\n\n{link}\n\nwithin an hour. It ends all sessions.\n{_IGNORE}\n",
    )


async def no_account(tx: Prisma, *, to: str) -> None:
    await mail.enqueue(
        tx,
        to=to,
        subject="No account with this address",
        text="Somebody, perhaps you, asked Tenantry for help with the account of this address. "
        f"There is none: sign up, or try another of your addresses.\n{_IGNORE}\n",
    )


async def password_changed(tx: Prisma, *, to: str, place: str) -> None:
    place = mail.display_name(place)
    await mail.enqueue(
        tx,
        to=to,
        subject="Your password was changed",
        text=f"The password of your account at {place} was changed, and its other sessions were "
        "ended. If that was not you, set a new one: ask for a link where you log in.\n",
    )


async def log_ins_refused(tx: Prisma, *, to: str, place: str) -> None:
    place = mail.display_name(place)
    await mail.enqueue(
        tx,
        to=to,
        subject="Many attempts to log in to your account",
        text=f"Somebody tried many passwords for your account at {place}. None of the recent "
        "ones was accepted, and for up to 15 minutes at a time the account now refuses log-ins "
        "from devices that it does not know.\n\nYou can still log in where you have logged in "
        "before. Elsewhere, ask for a link that sets a new password: it lets you in too. If your "
        "password is long and you use it nowhere else, there is nothing that you need to do.\n\n"
        "You get this mail once a day at most.\n",
    )
