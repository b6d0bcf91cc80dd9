"""Dependencies that describe a request: the settings, the client's address and user agent."""

import ipaddress
import re
from typing import Annotated

from fastapi import Depends, Path, Request

from app.settings import Network, Settings

_MAX_USER_AGENT = 200
# The prefix of an IPv6 address that a provider assigns to a customer, who chooses the rest freely.
_IPV6_PREFIX = 64
# 192.0.2.1:443, [2001:db8::1]:443 and [2001:db8::1]
_WITH_PORT = re.compile(r"([\d.]+):\d{1,5}|\[([^\]]+)\](?::\d{1,5})?")


def client_address(peer: str | None, forwarded: str, trusted: tuple[Network, ...]) -> str:
    """Return the client's address, for IPv6 its /64 network; "" if it is unknown.

    X-Forwarded-For is read from its end, as long as trusted proxies wrote it, up to the first
    address that is not a trusted proxy's. Anybody may have made up what precedes that.
    """
    caller = parse_address(peer or "")
    for entry in reversed(forwarded.split(",")):
        if caller is None or not any(caller in network for network in trusted):
            break
        forwarded_for = _parse_forwarded(entry.strip())
        if forwarded_for is None:
            break
        caller = forwarded_for
    if isinstance(caller, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(caller), _IPV6_PREFIX), strict=False))
    return str(caller or "")


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parse an IP address, an IPv4-mapped IPv6 address as IPv4; return None if it is invalid."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _parse_forwarded(entry: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parse an entry of X-Forwarded-For, to which some proxies add the client's port."""
    found = _WITH_PORT.fullmatch(entry)
    return parse_address(found[1] or found[2] if found else entry)


async def _settings(request: Request) -> Settings:
    return request.app.state.settings


async def _caller_address(request: Request) -> str:
    settings: Settings = request.app.state.settings
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    peer = request.client.host if request.client else None
    return client_address(peer, forwarded, settings.trusted_proxies)


async def _user_agent(request: Request) -> str | None:
    given = request.headers.get("user-agent", "")
    return "".join(char for char in given if char.isprintable())[:_MAX_USER_AGENT] or None


# Path parameters of several domains, whose rules check them: whatever is no UUID is a 404.
UserId = Annotated[str, Path(alias="userId", description="A UUID.")]
InvitationId = Annotated[str, Path(alias="invitationId", description="A UUID.")]

CurrentSettings = Annotated[Settings, Depends(_settings)]
# Empty if it is unknown, as behind a Unix socket.
CallerAddress = Annotated[str, Depends(_caller_address)]
UserAgent = Annotated[str | None, Depends(_user_agent)]
