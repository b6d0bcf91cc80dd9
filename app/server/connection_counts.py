"""Counts of open connections, so that no client takes all that a process can have."""

import logging
import sys
from collections import Counter

from app.http.requests import client_address, parse_address
from app.kit.limits import CONNECTION_COUNTS, ConnectionLimits

log = logging.getLogger(__name__)

# File descriptors for all else: the database, mail, logs, and connections about to be refused.
_RESERVED_FILES = 64
# A limit that was reached is reported again once its connections are down to this part of it.
_REPORT_AGAIN = 0.5


class ConnectionCounts:
    """Connections of one process, in total and for each peer (IPv6 by /64)."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._limit = _within_open_files(limits.connections)
        self._total = 0
        self._peers: Counter[str] = Counter()
        # Peers whose limit was reached, and "" for all of them together.
        self._reported: set[str] = set()

    def admit(self, host: str | None) -> str | None:
        """Count a connection and return its peer for `release`, or None if there are too many."""
        if self._total >= self._limit:
            self._report(
                "", f"{self._limit} are open (MAX_CONNECTIONS, or the limit of open files)"
            )
            return None
        peer = self._peer(host)
        if peer and self._peers[peer] >= self._limits.connections_per_peer:
            self._report(
                peer,
                f"{peer} has {self._peers[peer]} (MAX_CONNECTIONS_PER_PEER); if it is a proxy, "
                "name it in TRUSTED_PROXIES",
            )
            return None
        self._total += 1
        if peer:
            self._peers[peer] += 1
        return peer

    def release(self, peer: str) -> None:
        """Count a connection that `admit` counted as closed."""
        self._total -= 1
        if self._total <= self._limit * _REPORT_AGAIN:
            self._reported.discard("")
        if not peer:
            return
        self._peers[peer] -= 1
        if self._peers[peer] <= self._limits.connections_per_peer * _REPORT_AGAIN:
            self._reported.discard(peer)
        if not self._peers[peer]:
            del self._peers[peer]

    def _peer(self, host: str | None) -> str:
        """Return whose connections to count together; "" for proxies and Unix sockets."""
        address = parse_address(host or "")
        if address is None or any(address in network for network in self._limits.trusted_proxies):
            return ""
        return client_address(host, "", ())

    def _report(self, peer: str, reason: str) -> None:
        if peer not in self._reported:
            self._reported.add(peer)
            log.warning("Connections are refused: %s.", reason)


def connection_counts(state: dict[str, object], limits: ConnectionLimits) -> ConnectionCounts:
    """Return the counts of the server with this state; its first connection creates them."""
    counts = state.get(CONNECTION_COUNTS)
    if not isinstance(counts, ConnectionCounts):
        counts = state[CONNECTION_COUNTS] = ConnectionCounts(limits)
    return counts


def _within_open_files(limit: int) -> int:
    """Return the limit, lowered to what the process may open: beyond, nobody is answered."""
    if sys.platform == "win32":
        return limit
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return limit
    return max(1, min(limit, files - _RESERVED_FILES))
