"""Limits of a connection, which the application hands to the server's protocol.

The lifespan puts them into its state under `CONNECTION_LIMITS`: the protocol is created by uvicorn,
which passes that state on and nothing else of the application.
"""

from dataclasses import dataclass

CONNECTION_LIMITS = "connection_limits"

# Browsers and proxies send at most 16 to 32 KiB.
MAX_HEAD_BYTES = 64 * 1024
MAX_HEADERS = 100
# JSON that people write is much smaller; a route that needs more says so with `max_body_size`.
MAX_BODY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What a client may send before a request is complete, and how long it may take."""

    head_bytes: int = MAX_HEAD_BYTES
    headers: int = MAX_HEADERS
    head_seconds: float = 10.0
    write_seconds: float = 30.0
