"""The log-ins of a tenant's users over HTTP, and their own accounts."""

from datetime import timedelta
from typing import Annotated

from fastapi import Path
from prisma.actions import TenantSessionActions
from prisma.partials import OwnTenantSession

from app.accounts import links, login, own_passwords
from app.accounts.schemas import (
    Address,
    ChangePassword,
    LoggedIn,
    LogIn,
    Refresh,
    ResetPassword,
)
from app.auth import CurrentTokens, TokenPair, sessions
from app.auth.errors import not_signed_in, session_not_found
from app.db import prisma
from app.http.description import domain_router
from app.http.pages import Page, Pagination
from app.http.problems import problems
from app.http.requests import CallerAddress, CurrentSettings, UserAgent
from app.kit.ids import is_uuid
from app.tenants.account_schemas import LinkRequested, TenantAccount, TenantSessionView
from app.tenants.realm import CurrentTenantRealm, TenantRealm
from app.tenants.scope import TenantScope, TenantStaffScope

router = domain_router()
_AUTH, _ME = "/tenants/{tenantId}/auth", "/tenants/{tenantId}/me"
_own_sessions = TenantSessionActions(prisma, OwnTenantSession)


@router.get(_ME, tags=["tenants: me"])
async def read_me_in_tenant(scope: TenantStaffScope) -> TenantAccount:
    """Return your account, with the tenant that it belongs to."""
    return TenantAccount.model_validate(scope.user, from_attributes=True)


@router.post(f"{_AUTH}/log-in", tags=["tenants: auth"], responses=problems(401, 429))
async def log_in_to_tenant(
    realm: CurrentTenantRealm,
    body: LogIn,
    tokens: CurrentTokens,
    settings: CurrentSettings,
    address: CallerAddress,
    user_agent: UserAgent,
) -> LoggedIn:
    """Begin a session of a user of the tenant; its tokens are worthless anywhere else."""
    return await login.log_in_with_tokens(
        realm,
        tokens,
        body,
        address=address,
        user_agent=user_agent,
        lifetime=timedelta(days=settings.session_days),
    )


@router.post(f"{_AUTH}/refresh", tags=["tenants: auth"], responses=problems(401))
async def refresh_in_tenant(
    realm: CurrentTenantRealm, body: Refresh, tokens: CurrentTokens
) -> TokenPair:
    """Exchange a refresh token of the tenant for new tokens, as `/v1/auth/refresh` does."""
    return await sessions.refresh(tokens, realm, refresh_token=body.refreshToken)


@router.post(f"{_AUTH}/log-out", tags=["tenants: auth"], status_code=204)
async def log_out_of_tenant(scope: TenantStaffScope) -> None:
    """End the current session."""
    await sessions.end(_realm(scope), scope.user.id, scope.session)


@router.post(
    f"{_AUTH}/forgot-password", tags=["tenants: auth"], status_code=202, responses=problems(429)
)
async def forgot_password_in_tenant(
    realm: CurrentTenantRealm, body: Address, address: CallerAddress, settings: CurrentSettings
) -> LinkRequested:
    """Mail a user of the tenant a link to set a password."""
    await links.mail_link(
        realm,
        realm.reset_link,
        email=body.email,
        address=address,
        public_url=settings.public_url,
    )
    return LinkRequested()


@router.post(f"{_AUTH}/reset-password", tags=["tenants: auth"], status_code=204)
async def reset_password_in_tenant(
    realm: CurrentTenantRealm, body: ResetPassword, address: CallerAddress
) -> None:
    """Set the first password, or another, with the token from the mail; this ends all sessions."""
    await links.reset_password(realm, token=body.token, password=body.newPassword, address=address)


@router.post(f"{_ME}/password", tags=["tenants: me"], status_code=204, responses=problems(403, 429))
async def change_password_in_tenant(
    scope: TenantStaffScope, body: ChangePassword, address: CallerAddress
) -> None:
    """Set a new password; this ends your other sessions."""
    realm = _realm(scope)
    account = await realm.find_by_id(prisma, scope.user.id)
    if account is None:  # deleted at the same moment
        raise not_signed_in()
    await own_passwords.change(
        realm,
        account,
        scope.session,
        current=body.currentPassword,
        new=body.newPassword,
        address=address,
    )


@router.get(f"{_ME}/sessions", tags=["tenants: me"])
async def list_sessions_in_tenant(
    scope: TenantStaffScope, pages: Pagination
) -> Page[TenantSessionView]:
    """List your sessions in the tenant, the newest first."""
    list_ = f"sessions in {scope.id}"
    rows = await sessions.list_own(
        _own_sessions,
        _realm(scope),
        scope.user.id,
        after=pages.after(list_),
        take=pages.take + 1,
    )
    page = pages.page(list_, rows)
    items = [
        TenantSessionView(**vars(session), current=session.id == scope.session)
        for session in page.items
    ]
    return Page(items=items, nextCursor=page.nextCursor)


@router.delete(
    f"{_ME}/sessions/{{sessionId}}",
    tags=["tenants: me"],
    status_code=204,
    responses=problems(404),
)
async def end_session_in_tenant(
    session_id: Annotated[str, Path(alias="sessionId", description="A UUID.")],
    scope: TenantStaffScope,
) -> None:
    """End one of your sessions in the tenant; its tokens stop working immediately."""
    ended = is_uuid(session_id) and await sessions.end(_realm(scope), scope.user.id, session_id)
    if not ended:
        raise session_not_found()


def _realm(scope: TenantScope) -> TenantRealm:
    return TenantRealm(scope.id, scope.name)
