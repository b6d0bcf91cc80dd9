"""Hosts: which domains a tenant can have, and what a request says that it was sent to."""

import re

import pytest
from fastapi import FastAPI, Request

from app.settings import Settings
from app.tenants.hosts import is_public_host, normalize_domain, request_host

SECRET = {"secret_key": "x" * 32}


@pytest.mark.parametrize(
    ("given", "domain"),
    [
        ("studio.example.com", "studio.example.com"),
        ("Studio.EXAMPLE.com.", "studio.example.com"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("XN--Bcher-kva.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("stra\u00dfe.example", "xn--strae-oqa.example"),
        ("\u4f8b\u3048\u3002\u30c6\u30b9\u30c8", "xn--r8jz45g.xn--zckzah"),
        (f"{'a' * 63}.example", f"{'a' * 63}.example"),
        (".".join(["a" * 61] * 4) + ".abcd.", ".".join(["a" * 61] * 4) + ".abcd"),
    ],
)
def test_a_domain_has_one_spelling(given: str, domain: str):
    """The one that browsers send, in which it is the same domain again."""
    assert normalize_domain(given) == domain
    assert normalize_domain(domain) == domain


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("", "Empty domain"),
        (".", "Empty"),
        ("localhost", "at least two labels"),
        ("https://studio.example.com", "without a scheme"),
        ("studio.example.com/", "without /"),
        ("studio.example.com?x", "without ?"),
        ("ann@studio.example.com", "without @"),
        ("studio.example.com:443", "a port"),
        ("studio.example.com:", "a port"),
        ("192.0.2.1", "an IP address"),
        ("192.0.2.1.", "an IP address"),
        ("\uff11\uff19\uff12.0.2.1", "an IP address"),
        ("3221225985", "an IP address"),
        ("192.0.0x201", "an IP address"),
        ("2001:db8::1", "an IP address"),
        ("[2001:db8::1]", "an IP address"),
        ("studio..example.com", "Empty Label"),
        ("studio_1.example.com", "U+005F"),
        ("*.example.com", "U+002A"),
        ("studio example.com", "U+0020"),
        ("studio.example.com\x00", "U+0000"),
        ("\ud800.example.com", "U+D800"),
        ("-studio.example.com", "hyphen"),
        ("xn--zz.example.com", "Invalid A-label"),
        ("\u2603.example.com", "U+2603"),
        (f"{'a' * 64}.example", "Label too long"),
        (".".join(["a" * 49] * 6), "at most 253 characters"),
        (".".join(["\u00fc" * 40] * 6), "Domain too long"),
    ],
)
def test_what_no_request_can_be_sent_to_is_no_domain(given: str, reason: str):
    """The error says what is wrong with it."""
    with pytest.raises(ValueError, match=re.escape(reason)):
        normalize_domain(given)


def request(
    *headers: tuple[str, str], peer: str | None = "192.0.2.1", trusted: str = ""
) -> Request:
    """Return a request with these headers from a peer."""
    app = FastAPI()
    app.state.settings = Settings.model_validate({**SECRET, "trusted_proxies": trusted or ()})
    return Request(
        {
            "type": "http",
            "app": app,
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
            "client": (peer, 1234) if peer else None,
        }
    )


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("studio.example.com", "studio.example.com"),
        ("Studio.Example.com.:8000", "studio.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("127.0.0.1:8000", None),
        ("[::1]:8000", None),
        ("localhost:8000", None),
        ("studio.example.com:http", None),
        ("st\u00fcdio\u00a8", None),
        ("", None),
    ],
)
def test_the_host_of_a_request(host: str, domain: str | None):
    """It is normalized as domains are; what no tenant can have is none."""
    assert request_host(request(("host", host))) == domain


def test_a_request_may_have_no_host():
    """HTTP/1.0 does not require one."""
    assert request_host(request()) is None


@pytest.mark.parametrize(
    ("peer", "trusted", "forwarded", "domain"),
    [
        ("192.0.2.1", "", ["studio.example.com"], "inside.example.com"),
        ("192.0.2.1", "198.51.100.0/24", ["studio.example.com"], "inside.example.com"),
        (None, "192.0.2.0/24", ["studio.example.com"], "inside.example.com"),
        ("192.0.2.1", "192.0.2.0/24", ["studio.example.com"], "studio.example.com"),
        ("::ffff:192.0.2.1", "192.0.2.0/24", ["studio.example.com"], "studio.example.com"),
        ("192.0.2.1", "192.0.2.0/24", ["forged.example.com, a.example.com:443"], "a.example.com"),
        ("192.0.2.1", "192.0.2.0/24", ["forged.example.com", "a.example.com"], "a.example.com"),
        ("192.0.2.1", "192.0.2.0/24", ["studio.example.com,"], None),
        ("192.0.2.1", "192.0.2.0/24", [], "inside.example.com"),
    ],
)
def test_only_trusted_proxies_say_what_the_host_was(
    peer: str | None, trusted: str, forwarded: list[str], domain: str | None
):
    """Of several entries the last counts, which the proxy itself added."""
    headers = [("host", "inside.example.com")]
    headers += [("x-forwarded-host", each) for each in forwarded]

    assert request_host(request(*headers, peer=peer, trusted=trusted)) == domain


def test_the_public_url_belongs_to_no_tenant():
    """Its host is compared as a domain is: not by case, port or final dot."""
    settings = Settings.model_validate({**SECRET, "public_url": "https://App.Example.com.:8443/x"})
    local = Settings.model_validate({**SECRET, "public_url": "http://127.0.0.1:8000"})

    assert is_public_host("app.example.com", settings)
    assert not is_public_host("studio.example.com", settings)
    assert not is_public_host("studio.example.com", local)
