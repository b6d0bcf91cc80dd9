"""Hosts: the domain of a tenant in its one spelling, and the host that a request was sent to."""

import re
from typing import Annotated
from urllib.parse import urlsplit

import idna
from fastapi import Request
from pydantic import AfterValidator, Field, StringConstraints

from app.http.requests import parse_address
from app.settings import Settings

MAX_LENGTH = 253  # of a name in the DNS without its final dot, RFC 1035
# The last label of an IPv4 address in any of the notations that browsers read.
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_PORT = re.compile(r":\d{0,5}$")


def normalize_domain(text: str) -> str:
    """Return a domain as browsers send it: lower case, in ASCII (IDNA), without the final dot.

    Raise ValueError, which says why, if no request can have it as its host.
    """
    if "://" in text:
        raise ValueError("must be a host name alone, without a scheme such as https://")
    if found := re.search(r"[/\\?#@]", text):
        raise ValueError(f"must be a host name alone, without {found[0]}")
    if parse_address(text.strip("[]")) is not None:
        raise ValueError("must not be an IP address")
    if ":" in text:
        raise ValueError("must not contain a port")
    domain = _encode(text)
    *others, last = domain.split(".")
    if _NUMBER.fullmatch(last):
        raise ValueError("must not be an IP address, or end with a number")
    if not others:
        raise ValueError("must have at least two labels, as in studio.example.com")
    return domain


def request_host(request: Request) -> str | None:
    """Return the domain that a request was sent to, or None if it is none that a tenant can have.

    X-Forwarded-Host counts if a trusted proxy sends the request: its last entry, which that proxy
    wrote or let pass.
    """
    settings: Settings = request.app.state.settings
    hosts = request.headers.getlist("host")
    if forwarded := request.headers.getlist("x-forwarded-host"):
        peer = parse_address(request.client.host) if request.client else None
        if peer is not None and any(peer in network for network in settings.trusted_proxies):
            hosts = forwarded
    host = ",".join(hosts).rpartition(",")[2].strip()
    try:
        return normalize_domain(_PORT.sub("", host))
    except ValueError:
        return None


def is_public_host(domain: str, settings: Settings) -> bool:
    """Return whether a domain is that of PUBLIC_URL, where no tenant's own pages can be."""
    host = urlsplit(settings.public_url).hostname or ""
    try:
        return normalize_domain(host) == domain
    except ValueError:  # an IP address, or a name without a dot
        return False


def _encode(text: str) -> str:
    """Return a host name in lower case and ASCII; raise ValueError if it is none."""
    if len(text) > MAX_LENGTH + 1:  # checked before the encoding, whose time grows faster
        raise ValueError(f"must have at most {MAX_LENGTH} characters")
    try:
        encoded = idna.encode(text, uts46=True, std3_rules=True).decode()
    except idna.IDNAError as error:
        raise ValueError(f"is not a valid host name: {error}") from None
    return encoded.removesuffix(".")


Domain = Annotated[
    str,
    StringConstraints(max_length=MAX_LENGTH + 1),
    AfterValidator(normalize_domain),
    Field(
        description="A host name without scheme, port and path. Case and a final dot are ignored, "
        "and an international name is stored in ASCII.",
        examples=["studio.example.com"],
        json_schema_extra={"format": "hostname"},
    ),
]
