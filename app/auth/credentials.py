"""Credentials: how a request proves who calls. Which ones are accepted is decided here alone."""

from contextlib import suppress
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, ClassVar, Protocol, TypeVar

from fastapi import Depends, Request
from fastapi.openapi.models import APIKey, APIKeyIn, HTTPBearer
from starlette.types import Scope

from app.auth import cookies, web_sessions
from app.auth.cookies import SessionCookies
from app.auth.errors import cross_site_request, not_signed_in, not_while_impersonating
from app.auth.tokens import (
    AnyClaims,
    Claims,
    ImpersonationClaims,
    InvalidToken,
    TenantClaims,
    Tokens,
)
from app.auth.web_sessions import WebClaims
from app.http.description import SecurityWithAlternatives, declare_responses
from app.http.headers import add_response_header
from app.http.origins import is_from_own_page, is_safe

_AUTHORIZATION = b"authorization"
IMPERSONATED_BY = "Impersonated-By"
_IMPERSONATED = "tenantry.impersonated"
_COOKIE = APIKey.model_validate(
    {
        "in": APIKeyIn.cookie,
        "name": cookies.NAME,
        "description": "The cookie that a web log-in set; it counts only without an access token.",
    }
)


class _TokenLogin(Protocol):
    userId: str  # the database's names
    expiresAt: datetime


class _Login(_TokenLogin, Protocol):
    usedAt: datetime
    webSessionId: str | None


class _TenantLogin(_TokenLogin, Protocol):
    tenantId: str


LoginT = TypeVar("LoginT", bound=_Login)
TenantLoginT = TypeVar("TenantLoginT", bound=_TenantLogin)


@declare_responses(401, unsafe=(403,))
class Credentials(SecurityWithAlternatives):
    """Base class of dependencies that need to know who calls.

    They inherit from it instead of depending on it, because each dependency costs every request.
    Each reads the claims, enters the scope of their user, reads the session with whatever else it
    needs in one query, and verifies the session.
    """

    model = HTTPBearer(description="The access token that a log-in or a refresh returned.")
    scheme_name = "HTTPBearer"
    alternatives = MappingProxyType({"SessionCookie": _COOKIE})
    # Whether somebody else may call in the name of the user.
    accepts_impersonation: ClassVar[bool] = False

    async def read_claims(self, request: Request) -> Claims:
        """Return who the request says calls, in which session; raise 401 or 403."""
        claims = _read_token_claims(request)
        if claims is None:
            return await _read_cookie(request)
        if isinstance(claims, TenantClaims):
            raise not_signed_in()
        if isinstance(claims, ImpersonationClaims):
            _add_header(request.scope, claims)
            if not self.accepts_impersonation:
                raise not_while_impersonating()
        return claims

    async def verify_session(
        self, request: Request, session: LoginT | None, claims: Claims
    ) -> LoginT:
        """Return the session that was just read for these claims; raise 401 if it is over."""
        now = datetime.now(UTC)
        if session is None or not _is_open(session, claims, now):
            raise not_signed_in()
        if isinstance(claims, WebClaims) and (
            session.webSessionId != claims.sid or session.usedAt <= now - web_sessions.TOUCH_EVERY
        ):
            await _touch(request, claims)
            session.webSessionId = claims.sid
        return session


@declare_responses(401)
class TenantCredentials(SecurityWithAlternatives):
    """Base class of dependencies that need to know which user of a tenant calls.

    They accept the tokens of tenants alone. Whoever else calls has no account here.
    """

    model = HTTPBearer(
        description="The access token that a log-in to the tenant, or a refresh there, returned."
    )
    scheme_name = "TenantToken"

    def read_claims(self, request: Request) -> TenantClaims:
        """Return who the request says calls, in which session of which tenant; raise 401."""
        claims = _read_token_claims(request)
        if not isinstance(claims, TenantClaims):
            raise not_signed_in()
        return claims

    def verify_session(self, session: TenantLoginT | None, claims: TenantClaims) -> TenantLoginT:
        """Return the session that was just read for these claims; raise 401 if it is over."""
        if (
            session is None
            or session.tenantId != claims.tenant
            or not _is_open(session, claims, datetime.now(UTC))
        ):
            raise not_signed_in()
        return session


async def _cookies(request: Request) -> SessionCookies:
    return request.app.state.cookies


CurrentCookies = Annotated[SessionCookies, Depends(_cookies)]


@declare_responses(403)
async def require_own_page(request: Request) -> None:
    """Raise 403 unless a page of this site makes the request."""
    if not is_from_own_page(request):
        raise cross_site_request()


async def _read_cookie(request: Request) -> WebClaims:
    signed: SessionCookies = request.app.state.cookies
    sid = signed.read(request.scope)
    if sid is None:
        raise not_signed_in()
    if not is_safe(request.method):
        await require_own_page(request)
    claims = await web_sessions.find(sid)
    if claims is None:
        raise not_signed_in()
    return claims


async def _touch(request: Request, claims: WebClaims) -> None:
    signed: SessionCookies = request.app.state.cookies
    if header := await web_sessions.touch(signed, claims):
        add_response_header(request.scope, "Set-Cookie", header)


def name_impersonator(request: Scope) -> ImpersonationClaims | None:
    """Say in a response who acts as somebody else, whether or not its route asked who calls.

    Return the claims of the impersonation, if it is one.
    """
    if _IMPERSONATED not in request:
        tokens: Tokens = request["app"].state.tokens
        with suppress(InvalidToken):
            claims = tokens.read(_read_token(request) or "")
            if isinstance(claims, ImpersonationClaims):
                _add_header(request, claims)
    return request.get(_IMPERSONATED)


def _add_header(request: Scope, claims: ImpersonationClaims) -> None:
    request[_IMPERSONATED] = claims
    add_response_header(request, IMPERSONATED_BY, claims.impersonator)


def _is_open(session: _TokenLogin, claims: AnyClaims, now: datetime) -> bool:
    return session.userId == claims.user and session.expiresAt > now


def _read_token_claims(request: Request) -> AnyClaims | None:
    """Return the claims of the request's token, or None without one; raise 401 if it is invalid."""
    token = _read_token(request.scope)
    if token is None:
        return None
    tokens: Tokens = request.app.state.tokens
    try:
        return tokens.read(token)
    except InvalidToken:
        raise not_signed_in() from None


def _read_token(request: Scope) -> str | None:
    """Return the Bearer token of a request, "" if it has other credentials, None if it has none."""
    given = next((value for name, value in request["headers"] if name == _AUTHORIZATION), None)
    if given is None:
        return None
    scheme, _, token = given.decode("latin-1").partition(" ")
    return token if scheme.lower() == "bearer" else ""
