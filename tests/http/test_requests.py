"""The address that a request comes from."""

from ipaddress import ip_network

import pytest

from app.http.requests import client_address

PROXIES = tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8", "192.0.2.1/32")))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # not a trusted proxy: made up
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # the first is the client's claim
        ("10.0.0.1", "198.51.100.1, 10.0.0.2,192.0.2.1", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1, nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "unknown", "10.0.0.1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("fd00::1", "2001:db8::7", "2001:db8::/64"),
        ("2001:db8:0:1:2:3:4:5", "", "2001:db8:0:1::/64"),  # a client has many of them
        ("fe80::1%eth0", "", "fe80::/64"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),  # as some proxies write it
        ("10.0.0.1", "198.51.100.1:4711, 10.0.0.2:80", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::/64"),
        ("10.0.0.1", "[2001:db8::7], [fd00::2]:1", "2001:db8::/64"),
        ("10.0.0.1", "[::ffff:198.51.100.1]:4711", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:http", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1:1:2", "10.0.0.1"),
        ("10.0.0.1", "[198.51.100.1", "10.0.0.1"),
        ("10.0.0.1", "[2001:db8::7]4711", "10.0.0.1"),
        ("10.0.0.1", "[]:4711", "10.0.0.1"),
        (None, "198.51.100.1", ""),
        ("a-socket", "198.51.100.1", ""),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str | None, forwarded: str, address: str):
    """X-Forwarded-For counts from its end to the first address that is not a trusted proxy's."""
    assert client_address(peer, forwarded, PROXIES) == address


def test_without_trusted_proxies_the_header_is_ignored():
    """This is the default."""
    assert client_address("10.0.0.1", "198.51.100.1", ()) == "10.0.0.1"
