"""Demo data: what the domains' `seed` functions share."""

from dataclasses import dataclass, field

from prisma import Prisma
from prisma.models import User


@dataclass(slots=True)
class Demo:
    """Demo data in the making, as the tables' owner, in one transaction.

    A domain creates what is missing and leaves the rest as it is, so that seeding twice changes
    nothing. It finds what earlier domains created here, and adds what later ones need.
    """

    tx: Prisma
    users: dict[str, User] = field(default_factory=dict[str, User])
    # What to tell the person who seeds: by user, and in general.
    notes: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    hints: list[str] = field(default_factory=list[str])

    def note(self, user: str, text: str) -> None:
        self.notes.setdefault(user, []).append(text)
