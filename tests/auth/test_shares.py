"""Shares of the queue for hashing."""

from contextlib import ExitStack
from datetime import timedelta

import pytest

from app.auth.shares import (
    Claim,
    Shares,
    claim_of_address,
    claim_of_known,
    claim_of_user,
)
from app.auth.throttle import Limit, from_address
from app.kit.networks import wider_networks


def taken(shares: Shares, *claims: Claim) -> int:
    """Return how many of the claims get a slot, if each is held while the next one asks."""
    with ExitStack() as held:
        count = 0
        for claim in claims:
            if shares.has_room(claim):
                held.enter_context(shares.hold(claim))
                count += 1
        return count


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([claim_of_address("192.0.2.1")] * 40, 8),
        ([claim_of_address(f"2001:db8:0:{n:x}::/64") for n in range(40)], 12),
        ([claim_of_address(f"2001:db8:0:{n << 8:x}::/64") for n in range(40)], 16),
        ([claim_of_user("ann", f"192.0.2.{n}") for n in range(40)], 2),
        ([claim_of_user(f"user {n}", "192.0.2.1") for n in range(40)], 8),
        ([claim_of_known("ann@example.com")] * 40, 2),
        ([claim_of_address(f"192.0.2.{n}") for n in range(40)], 24),
        ([claim_of_known(f"{n}@example.com") for n in range(40)], 32),
    ],
    ids=["address", "/56", "/48", "user", "users at an address", "account", "strangers", "known"],
)
def test_nobody_holds_more_than_their_share(claims: list[Claim], expected: int):
    """A claim gets its share of 32 slots; afterwards all slots are free again."""
    shares = Shares(32)
    assert taken(shares, *claims) == expected
    assert taken(shares, *claims) == expected
    assert shares.taken == 0


def test_strangers_leave_slots_to_known_callers():
    """A known caller gets in while strangers hold every slot that they may."""
    strangers = [claim_of_address(f"192.0.2.{n}") for n in range(40)]
    assert taken(Shares(32), *strangers, claim_of_known("ann@example.com")) == 25


def test_a_small_queue_has_a_slot_for_everybody():
    assert taken(Shares(1), claim_of_address("192.0.2.1")) == 1


def test_networks_have_larger_limits_than_their_parts():
    """IPv6 has two such networks, a /56 and a /48."""
    limit = Limit("x", 100, timedelta(hours=1))
    attempts = from_address(limit, "2001:db8:1:234::/64", cost=2)
    assert [(each.subject, each.limit.max_attempts, each.cost) for each in attempts] == [
        ("2001:db8:1:234::/64", 100, 2),
        ("2001:db8:1:200::/56", 300, 2),
        ("2001:db8:1::/48", 1000, 2),
    ]
    assert [each.subject for each in from_address(limit, "192.0.2.1")] == ["192.0.2.1"]
    assert wider_networks("") == ()
