"""What handlers ask of a request besides its body: the settings, and where it comes from."""

import ipaddress
from typing import Annotated

from fastapi import Depends, Request

from app.settings import Network, Settings

_LONGEST_AGENT = 200
# Of an IPv6 address, what one caller is given: the rest they choose anew as often as they like.
_NETWORK = 64


def client_address(peer: str | None, forwarded: str, trusted: tuple[Network, ...]) -> str:
    """The address that calls, of IPv6 its network: what the last proxy of ours saw, or else who is
    connected.

    X-Forwarded-For counts only as far as proxies named in the settings wrote it: from its end to
    the first address that is none of theirs. What stands before that anybody may have made up.
    """
    caller = parse_address(peer or "")
    for entry in reversed(forwarded.split(",")):
        if caller is None or not any(caller in network for network in trusted):
            break
        seen = parse_address(entry)
        if seen is None:
            break
        caller = seen
    if isinstance(caller, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((int(caller), _NETWORK), strict=False))
    return str(caller or "")


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address, of IPv4 also where it is written as one of IPv6; None for what is none."""
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


async def _settings(request: Request) -> Settings:
    return request.app.state.settings


async def _caller_address(request: Request) -> str:
    settings: Settings = request.app.state.settings
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))
    peer = request.client.host if request.client else None
    return client_address(peer, forwarded, settings.trusted_proxies)


async def _user_agent(request: Request) -> str | None:
    given = request.headers.get("user-agent", "")
    return "".join(char for char in given if char.isprintable())[:_LONGEST_AGENT] or None


CurrentSettings = Annotated[Settings, Depends(_settings)]
# Empty where nothing is known of it, as behind a Unix socket.
CallerAddress = Annotated[str, Depends(_caller_address)]
UserAgent = Annotated[str | None, Depends(_user_agent)]
