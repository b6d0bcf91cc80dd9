"""Whether a request comes from a page of this site: what protects cookies from other sites' pages.

Browsers send the cookie whichever page causes a request. They also say which page that was, in
headers that no script can set.
"""

from fastapi import Request

from app.settings import Settings

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_safe(method: str) -> bool:
    """Return whether requests with a method change nothing, whoever causes them."""
    return method in _SAFE_METHODS


def is_from_own_page(request: Request) -> bool:
    """Return whether a request comes from a page of its own origin, or of PUBLIC_URL's."""
    headers = request.headers
    if headers.getlist("sec-fetch-site") == ["same-origin"]:
        return True
    settings: Settings = request.app.state.settings
    schemes = ("http", "https") if settings.development else ("https",)
    allowed = {settings.public_origin, *(f"{scheme}://{headers.get('host')}" for scheme in schemes)}
    origins = headers.getlist("origin")
    return len(origins) == 1 and origins[0] in allowed
