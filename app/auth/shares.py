"""Shares of the queue for hashing: no address, network or user may hold most of its slots."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from app.kit.networks import wider_networks

OF_ADDRESS = 1 / 4
OF_NETWORKS = (3 / 8, 1 / 2)  # of an IPv6 /56 and /48
OF_USER = 1 / 16
# Only known callers get the last slots, so that they get in while strangers hold all others.
FOR_KNOWN = 1 / 4


@dataclass(frozen=True, slots=True)
class Claim:
    """Who asks for a slot: the names whose shares it uses, and whether the caller is known."""

    shares: tuple[tuple[str, float], ...] = ()
    is_known: bool = False


def claim_of_address(address: str) -> Claim:
    """Return the claim of a caller of whom only the address is known, if that."""
    wider = zip(wider_networks(address), OF_NETWORKS, strict=False)
    return Claim(((f"address {address}", OF_ADDRESS), *wider))


def claim_of_known(account: str) -> Claim:
    """Return the claim of a client that has logged in to an account before."""
    return Claim(((f"account {account}", OF_USER),), is_known=True)


def claim_of_user(user: str, address: str) -> Claim:
    """Return the claim of a user who is signed in."""
    shares = claim_of_address(address).shares
    return Claim(((f"user {user}", OF_USER), *shares), is_known=True)


class Shares:
    """The slots of a queue, by who holds them."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.taken = 0
        self._taken_by_unknown = 0
        self._held: Counter[str] = Counter()

    def has_room(self, claim: Claim) -> bool:
        """Return whether there is a slot for a claim, within each of its shares."""
        for_unknown = self.slots - int(self.slots * FOR_KNOWN)
        return (
            self.taken < self.slots
            and (claim.is_known or self._taken_by_unknown < for_unknown)
            and all(self._held[name] < self.share(part) for name, part in claim.shares)
        )

    def share(self, part: float) -> int:
        return max(int(self.slots * part), 1)

    @contextmanager
    def hold(self, claim: Claim) -> Generator[None]:
        """Hold a slot during a block of code."""
        self._add(claim, 1)
        try:
            yield
        finally:
            self._add(claim, -1)

    def _add(self, claim: Claim, slots: int) -> None:
        self.taken += slots
        if not claim.is_known:
            self._taken_by_unknown += slots
        for name, _ in claim.shares:
            self._held[name] += slots
            if not self._held[name]:
                del self._held[name]
