"""How many connections a server has open, in total and of one peer."""

import asyncio
import logging
import re
from dataclasses import replace
from ipaddress import ip_network
from typing import cast

import pytest

pytest.importorskip("httptools", reason="without it, uvicorn uses h11")

from app.kit.limits import ConnectionLimits
from app.server import connection_counts
from app.server.connection_counts import ConnectionCounts
from tests.server.serving import LIMIT, LIMITS, Server, request, serving

MOST = 5
PATIENT = replace(LIMITS, head_seconds=LIMIT)


async def fill(server: Server) -> list[asyncio.StreamWriter]:
    """Open as many connections as there may be; return them once all are counted."""
    writers: list[asyncio.StreamWriter] = []
    for _ in range(MOST):
        reader, writer = await server.open()
        writer.write(request("/plain", closes=False))
        await asyncio.wait_for(reader.readuntil(b"hello"), LIMIT)
        writers.append(writer)
    return writers


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        (replace(PATIENT, connections=MOST), "MAX_CONNECTIONS"),
        (replace(PATIENT, connections_per_peer=MOST), "127.0.0.1 has 5"),
    ],
    ids=["in total", "of one peer"],
)
async def test_connections_beyond_the_limit_are_refused(
    limits: ConnectionLimits, named: str, caplog: pytest.LogCaptureFixture
):
    """With 503 and one line in the log; those that are open still work, and a closed one counts
    no longer."""
    async with serving(limits=limits) as server:
        writers = await fill(server)
        for _ in range(3):
            response = await server.exchange()
            assert response.startswith(b"HTTP/1.1 503 ")
            assert b'"code":"too_many_connections"' in response
            assert b"retry-after: 1\r\n" in response.lower()
        await server.wait_until_lost(3)
        writers[0].close()
        await server.wait_until_lost(4)

        assert re.findall(rb" (\d+) ", (await server.exchange(request("/plain")))[:13]) == [b"200"]
        for writer in writers:
            writer.close()

    (message,) = [text for text in caplog.messages if "refused" in text]
    assert named in message


async def test_connections_of_a_proxy_have_no_limit_of_their_own():
    """All clients share them; the limit in total remains."""
    trusted = (ip_network("127.0.0.0/8"),)
    limits = replace(PATIENT, connections_per_peer=1, connections=MOST, trusted_proxies=trusted)
    async with serving(limits=limits) as server:
        writers = await fill(server)

        assert (await server.exchange()).startswith(b"HTTP/1.1 503 ")
        for writer in writers:
            writer.close()


def test_a_customer_is_one_peer():
    """An IPv6 /64 counts as one, an IPv4 address in IPv6 as itself; Unix sockets have none."""
    counts = ConnectionCounts(ConnectionLimits(connections_per_peer=2))
    hosts = ["2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1", "::ffff:192.0.2.1"]
    admitted = [counts.admit(host) for host in hosts]

    assert admitted == ["2001:db8::/64"] * 2 + [None] + ["192.0.2.1"] * 2
    assert counts.admit("192.0.2.1") is None
    assert [counts.admit(None) for _ in range(3)] == [""] * 3


def test_nothing_is_kept_of_closed_connections():
    """Neither counts nor what was reported: the number of peers is not limited."""
    counts = ConnectionCounts(ConnectionLimits(connections_per_peer=1))
    for number in range(100):
        peer = counts.admit(f"192.0.2.{number}")
        assert counts.admit(f"192.0.2.{number}") is None
        counts.release(cast("str", peer))

    assert not counts._peers  # pyright: ignore[reportPrivateUsage]  # nothing else shows it
    assert not counts._reported  # pyright: ignore[reportPrivateUsage]  # as above


def test_a_limit_is_reported_again_after_it_was_left_for_good(caplog: pytest.LogCaptureFixture):
    """Whoever opens and closes one connection over and over does not fill the log."""
    caplog.set_level(logging.WARNING)
    counts = ConnectionCounts(ConnectionLimits(connections=4))
    peers = [counts.admit(f"192.0.2.{number}") for number in range(4)]
    for _ in range(10):
        assert counts.admit("192.0.2.9") is None
        counts.release(cast("str", peers[0]))
        assert counts.admit("192.0.2.0") == peers[0]
    assert len(caplog.messages) == 1

    for peer in peers:
        counts.release(cast("str", peer))
    for number in range(4):
        counts.admit(f"192.0.2.{number}")
    assert counts.admit("192.0.2.9") is None
    assert len(caplog.messages) == 2


def test_the_limit_leaves_files_for_everything_else(monkeypatch: pytest.MonkeyPatch):
    """A process that can open no more files answers nobody, and logs nothing."""
    resource = pytest.importorskip("resource", reason="not on this platform")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 100))  # pyright: ignore[reportUnknownArgumentType, reportUnknownLambdaType]  # the resource
    counts = ConnectionCounts(ConnectionLimits())
    admitted = [counts.admit(f"192.0.2.{number}") for number in range(100)]

    reserved = connection_counts._RESERVED_FILES  # pyright: ignore[reportPrivateUsage]  # the part
    assert len([peer for peer in admitted if peer is not None]) == 100 - reserved
