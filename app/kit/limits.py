"""Limits of a connection, which the application hands to the server's protocol.

The lifespan puts them into its state under `CONNECTION_LIMITS`: the protocol is created by uvicorn,
which passes that state on and nothing else of the application.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

CONNECTION_LIMITS = "connection_limits"
# The server's own, in the same state.
CONNECTION_COUNTS = "connection_counts"

# Browsers and proxies send at most 16 to 32 KiB.
MAX_HEAD_BYTES = 64 * 1024
MAX_HEADERS = 100
# Every server and proxy takes 8,000 bytes, as RFC 9110 recommends, and few take more.
MAX_URL_BYTES = 8 * 1024
MAX_QUERY_FIELDS = 100
# Of one process: each connection takes a file descriptor and some tens of kilobytes.
MAX_CONNECTIONS = 1000
MAX_CONNECTIONS_PER_PEER = 200
# JSON that people write is much smaller; a route that needs more says so with `max_body_size`.
MAX_BODY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a client may send before a request is complete, and how long it may take."""

    head_bytes: int = MAX_HEAD_BYTES
    headers: int = MAX_HEADERS
    url_bytes: int = MAX_URL_BYTES
    query_fields: int = MAX_QUERY_FIELDS
    connections: int = MAX_CONNECTIONS
    connections_per_peer: int = MAX_CONNECTIONS_PER_PEER
    # Many clients share a proxy's connections, so that its number has no limit of its own.
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    head_seconds: float = 10.0
    write_seconds: float = 30.0
