"""The networks that contain a client's address, since one customer may have many of IPv6."""

from ipaddress import IPv6Network

# Providers delegate a /56 to a household and a /48 to a site, each with many /64 networks.
IPV6_PREFIXES = (56, 48)


def wider_networks(address: str) -> tuple[str, ...]:
    """Return the /56 and the /48 of a client's IPv6 /64, and nothing for other addresses."""
    if ":" not in address:
        return ()
    network = IPv6Network(address)
    return tuple(str(network.supernet(new_prefix=prefix)) for prefix in IPV6_PREFIXES)
