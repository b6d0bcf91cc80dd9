"""Accounts over HTTP: signing up, logging in, and /me."""

from datetime import timedelta
from functools import partial
from typing import Annotated

from fastapi import Body, Depends, Path, Request
from prisma.actions import SessionActions
from prisma.partials import Account, OwnSession
from prisma.types import UserUpdateInput
from pydantic import BaseModel

from app.accounts import links, login, me, own_passwords, rules
from app.accounts.schemas import (
    Address,
    ChangeAccount,
    ChangePassword,
    ConfirmEmail,
    DeleteAccount,
    LoggedIn,
    LogIn,
    Refresh,
    ResetPassword,
    SessionView,
    SignUp,
    SwitchWorkspace,
    WebLoggedIn,
)
from app.auth import (
    Caller,
    CurrentCaller,
    CurrentCookies,
    CurrentTokens,
    SessionCookies,
    TokenPair,
    require_own_page,
    sessions,
    web_sessions,
)
from app.auth.errors import session_not_found
from app.auth.realms import SERVICE, to_account
from app.db import prisma
from app.http.description import domain_router
from app.http.headers import add_response_header
from app.http.pages import Page, Pagination
from app.http.problems import problems
from app.http.requests import CallerAddress, CurrentSettings, UserAgent
from app.kit.ids import is_uuid

router = domain_router()

_SESSIONS = "sessions"
_own_sessions = SessionActions(prisma, OwnSession)


class Accepted(BaseModel):
    """The same answer whether or not the address has an account: only its mailbox tells."""

    detail: str = "A mail is on its way to the address."


@router.post("/auth/sign-up", tags=["auth"], status_code=202, responses=problems(429))
async def sign_up(body: SignUp, address: CallerAddress, settings: CurrentSettings) -> Accepted:
    """Request an account; a mail to the address says how to continue."""
    await rules.sign_up(
        email=body.email,
        password=body.password,
        name=body.name,
        address=address,
        public_url=settings.public_url,
    )
    return Accepted()


@router.post("/auth/confirm-email", tags=["auth"], status_code=204, responses=problems(401, 429))
async def confirm_email(body: ConfirmEmail, address: CallerAddress) -> None:
    """Confirm an address with the token from the mail and the password chosen at sign-up."""
    await rules.confirm_email(token=body.token, password=body.password, address=address)


@router.post("/auth/resend-confirmation", tags=["auth"], status_code=202, responses=problems(429))
async def resend_confirmation(
    body: Address, address: CallerAddress, settings: CurrentSettings
) -> Accepted:
    """Mail another link to confirm the address."""
    await links.mail_link(
        SERVICE,
        links.CONFIRMATION,
        email=body.email,
        address=address,
        public_url=settings.public_url,
    )
    return Accepted()


@router.post("/auth/forgot-password", tags=["auth"], status_code=202, responses=problems(429))
async def forgot_password(
    body: Address, address: CallerAddress, settings: CurrentSettings
) -> Accepted:
    """Mail a link to set a new password."""
    await links.mail_link(
        SERVICE,
        SERVICE.reset_link,
        email=body.email,
        address=address,
        public_url=settings.public_url,
    )
    return Accepted()


@router.post("/auth/reset-password", tags=["auth"], status_code=204)
async def reset_password(body: ResetPassword, address: CallerAddress) -> None:
    """Set a new password with the token from the mail; this ends all sessions."""
    await links.reset_password(
        SERVICE, token=body.token, password=body.newPassword, address=address
    )


@router.post("/auth/log-in", tags=["auth"], responses=problems(401, 429))
async def log_in(
    body: LogIn,
    tokens: CurrentTokens,
    settings: CurrentSettings,
    address: CallerAddress,
    user_agent: UserAgent,
) -> LoggedIn:
    """Begin a session with tokens."""
    return await login.log_in_with_tokens(
        SERVICE,
        tokens,
        body,
        address=address,
        user_agent=user_agent,
        lifetime=timedelta(days=settings.session_days),
    )


@router.post(
    "/auth/web-log-in",
    tags=["auth"],
    responses={
        **problems(401, 429),
        200: {"headers": {"Set-Cookie": {"required": True, "schema": {"type": "string"}}}},
    },
    dependencies=[Depends(require_own_page)],
)
async def web_log_in(
    body: LogIn,
    request: Request,
    tokens: CurrentTokens,
    cookies: CurrentCookies,
    settings: CurrentSettings,
    address: CallerAddress,
    user_agent: UserAgent,
) -> WebLoggedIn:
    """Begin a session with a cookie, for a page of this site; it replaces that of a cookie sent."""
    begin = partial(
        web_sessions.begin,
        cookies=cookies,
        user_agent=user_agent,
        lifetime=timedelta(days=settings.session_days),
        replaced=cookies.read(request.scope),
    )
    header, device = await login.log_in(SERVICE, tokens, body, address=address, begin=begin)
    add_response_header(request.scope, "Set-Cookie", header)
    return WebLoggedIn(deviceToken=device)


@router.post("/auth/refresh", tags=["auth"], responses=problems(401))
async def refresh(body: Refresh, tokens: CurrentTokens) -> TokenPair:
    """Exchange a refresh token for new tokens.

    For ten seconds the same token gets the same new refresh token again. Any later use ends the
    session, since somebody else may hold a copy.
    """
    return await sessions.refresh(tokens, SERVICE, refresh_token=body.refreshToken)


@router.post("/auth/log-out", tags=["auth"], status_code=204)
async def log_out(caller: CurrentCaller, request: Request, cookies: CurrentCookies) -> None:
    """End the current session."""
    await sessions.end(SERVICE, caller.user.id, caller.session.id)
    _clear_cookie(caller, request, cookies)


@router.get("/me", tags=["me"])
async def read_me(caller: CurrentCaller) -> Account:
    """Return your account."""
    return Account.model_validate(caller.user, from_attributes=True)


@router.patch("/me", tags=["me"])
async def change_me(body: Annotated[ChangeAccount, Body()], caller: CurrentCaller) -> Account:
    """Change your name; omitted fields stay unchanged."""
    user = await me.change(caller, UserUpdateInput(**body))
    return Account.model_validate(user, from_attributes=True)


@router.delete("/me", tags=["me"], status_code=204, responses=problems(403, 429))
async def delete_me(
    body: DeleteAccount,
    caller: CurrentCaller,
    address: CallerAddress,
    request: Request,
    cookies: CurrentCookies,
) -> None:
    """Delete your account, your workspaces, and organizations of which you are the only owner."""
    await me.delete(caller, password=body.password, address=address)
    _clear_cookie(caller, request, cookies)


@router.post("/me/password", tags=["me"], status_code=204, responses=problems(403, 429))
async def change_password(
    body: ChangePassword, caller: CurrentCaller, address: CallerAddress
) -> None:
    """Set a new password; this ends your other sessions."""
    await own_passwords.change(
        SERVICE,
        to_account(caller.user),
        caller.session.id,
        current=body.currentPassword,
        new=body.newPassword,
        address=address,
    )


@router.get("/me/sessions", tags=["me"])
async def list_sessions(caller: CurrentCaller, pages: Pagination) -> Page[SessionView]:
    """List your sessions, the newest first."""
    rows = await sessions.list_own(
        _own_sessions,
        SERVICE,
        caller.user.id,
        after=pages.after(_SESSIONS),
        take=pages.take + 1,
        include={"impersonation": True},
    )
    page = pages.page(_SESSIONS, rows)
    items = [
        SessionView(**vars(session), current=session.id == caller.session.id)
        for session in page.items
    ]
    return Page(items=items, nextCursor=page.nextCursor)


@router.delete("/me/sessions/{sessionId}", tags=["me"], status_code=204, responses=problems(404))
async def end_session(
    session_id: Annotated[str, Path(alias="sessionId", description="A UUID.")],
    caller: CurrentCaller,
) -> None:
    """End one of your sessions; its tokens stop working immediately."""
    if not is_uuid(session_id) or not await sessions.end(SERVICE, caller.user.id, session_id):
        raise session_not_found()


@router.put("/me/workspace", tags=["me"], responses=problems(404))
async def switch_workspace(body: SwitchWorkspace, caller: CurrentCaller) -> OwnSession:
    """Choose the workspace of this session; null leaves it."""
    session = await me.switch_workspace(caller, body.workspaceId)
    return OwnSession.model_validate(session, from_attributes=True)


def _clear_cookie(caller: Caller, request: Request, cookies: SessionCookies) -> None:
    if caller.session.webSessionId:
        add_response_header(request.scope, "Set-Cookie", cookies.clear())
