"""Whose address a request comes from."""

from ipaddress import ip_network

import pytest

from app.kit.requests import client_address

PROXIES = tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8", "192.0.2.1/32")))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # no proxy of ours: made up
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # the first is the caller's word
        ("10.0.0.1", "198.51.100.1, 10.0.0.2,192.0.2.1", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("fd00::1", "2001:db8::7", "2001:db8::/64"),
        ("2001:db8:0:1:2:3:4:5", "", "2001:db8:0:1::/64"),  # one of many of one caller
        ("fe80::1%eth0", "", "fe80::/64"),
        (None, "198.51.100.1", ""),
        ("a-socket", "198.51.100.1", ""),
    ],
)
def test_only_proxies_that_are_named_are_believed(peer: str | None, forwarded: str, address: str):
    """From the end of X-Forwarded-For to the first address that is none of ours."""
    assert client_address(peer, forwarded, PROXIES) == address


def test_without_proxies_the_header_counts_for_nothing():
    """As it is unless the settings say otherwise."""
    assert client_address("10.0.0.1", "198.51.100.1", ()) == "10.0.0.1"
