"""The scope of a request: its tenant and the caller's role, resolved before its handler.

The type of a handler's argument states the minimum role: TenantStaffScope or TenantAdminScope. A
user of another tenant gets 404, staff get 403 where an administrator is needed. Whoever is no user
of a tenant gets 401: accounts of the service are worthless here.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from prisma import Prisma
from prisma.actions import TenantSessionActions
from prisma.enums import TenantUserRole
from prisma.partials import RequestTenantSession, RequestTenantUser, TenantView

from app.audit import Trail
from app.auth import TenantCredentials
from app.database.scope import set_scope
from app.db import prisma
from app.http.description import declare_responses
from app.http.problems import Problem
from app.tenancy import TenancyScope
from app.tenants.errors import tenant_not_found
from app.tenants.hosts import request_host
from app.tenants.locks import lock_tenant
from app.tenants.membership import InTenant, TenantId, in_tenant, role_in
from app.tenants.rights import TENANT_ROLES

_sessions = TenantSessionActions(prisma, RequestTenantSession)
PARAMETER = "tenantId"
# In a path: the tenant whose domain is the host of the request.
CURRENT = "current"
# Read from the request: as a declared parameter it would cost more time than verifying the token.
PATH = {PARAMETER: f"A UUID, or `{CURRENT}` for the tenant whose domain is the request's host."}


@dataclass(frozen=True, slots=True)
class TenantScope(TenancyScope[TenantUserRole]):
    """A tenant, its calling user, their role in it and their session."""

    user: RequestTenantUser
    session: str

    roles = TENANT_ROLES

    @property
    def tenant(self) -> TenantView:
        return self.user.tenant

    @property
    def id(self) -> TenantId:
        return TenantId(self.tenant.id)

    @property
    def name(self) -> str:
        return self.tenant.name

    @property
    def where(self) -> InTenant:
        return in_tenant(self.id)

    @property
    def trail(self) -> Trail:
        return {"tenant": self.id}

    async def lock(self, tx: Prisma) -> None:
        await lock_tenant(tx, self.id)

    async def read_role(self, tx: Prisma, user: str) -> TenantUserRole | None:
        return await role_in(self.id, user, tx=tx)

    def not_found(self) -> Problem:
        return tenant_not_found()


class _ScopeDependency(TenantCredentials):
    def __init__(self, min_role: TenantUserRole) -> None:
        self._min_role = min_role

    async def __call__(self, request: Request) -> TenantScope:
        claims = self.read_claims(request)
        set_scope(user=claims.user, tenant=claims.tenant)
        # One query reads the session, its user and the tenant.
        found = await _sessions.find_unique(
            where={"id": claims.session}, include={"user": {"include": {"tenant": True}}}
        )
        session = self.verify_session(found, claims)
        user = session.user
        if not _is_named(request, user.tenant):
            raise tenant_not_found()
        role = TenantUserRole(user.role)
        TENANT_ROLES.require(role, self._min_role)
        return TenantScope(user, role, session.id)


def _is_named(request: Request, tenant: TenantView) -> bool:
    """Return whether the path of a request names a tenant, by its id or by its host."""
    named: str = request.path_params[PARAMETER]
    if named == CURRENT:
        return tenant.domain is not None and tenant.domain == request_host(request)
    return named == tenant.id


def _require_scope(min_role: TenantUserRole) -> Any:
    statuses = (404,) if min_role is TenantUserRole.STAFF else (403, 404)
    return Depends(declare_responses(*statuses, path=PATH)(_ScopeDependency(min_role)))


TenantStaffScope = Annotated[TenantScope, _require_scope(TenantUserRole.STAFF)]
TenantAdminScope = Annotated[TenantScope, _require_scope(TenantUserRole.ADMIN)]
