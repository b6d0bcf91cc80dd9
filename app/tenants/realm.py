"""The users of one tenant as a realm: what their log-ins need, and the tenant that a path names."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Request
from prisma import Prisma
from prisma.actions import TenantActions
from prisma.models import TenantUser
from prisma.partials import TenantView

from app.auth import TenantClaims, Tokens
from app.auth.realms import (
    Account,
    LinkKind,
    LinkRow,
    Realm,
    RefreshTokenRow,
    Rows,
    SessionRow,
    TableNames,
)
from app.database.scope import use_scope
from app.db import prisma
from app.http.description import declare_responses
from app.kit.ids import is_uuid
from app.tenants.errors import tenant_not_found
from app.tenants.hosts import request_host
from app.tenants.membership import TenantId, in_tenant
from app.tenants.scope import CURRENT, PARAMETER, PATH

_RESET_LIFETIME = timedelta(hours=1)
# For somebody who did not ask for it.
_FIRST_LIFETIME = timedelta(days=7)
_tenants = TenantActions(prisma, TenantView)


class TenantRealm(Realm):
    """The users of a tenant. Who has no account there gets no mail in its name."""

    tables = TableNames('"TenantUser"', '"TenantSession"', '"TenantRefreshToken"')
    mails_strangers = False

    def __init__(self, tenant: TenantId, name: str) -> None:
        self._tenant = tenant
        self.name = name
        self.columns = {"tenantId": tenant}
        page = f"tenants/{tenant}/set-password"
        self.reset_link = LinkKind("reset", {}, page, _RESET_LIFETIME)
        # By which a user whom somebody else has created sets a password.
        self.first_link = LinkKind("first", {}, page, _FIRST_LIFETIME)

    def distinguish(self, text: str) -> str:
        return f"tenant {self._tenant}: {text}"

    def use_scope(self, *, user: str = "", key: str = "") -> AbstractContextManager[None]:
        return use_scope(user=user, tenant=self._tenant, key=key)

    def access_token(self, tokens: Tokens, *, user: str, session: str) -> str:
        return tokens.tenant(TenantClaims(user, session, self._tenant))

    async def find_by_email(self, client: Prisma, email: str) -> Account | None:
        found = await client.tenantuser.find_unique(
            where={"tenantId_email": {**in_tenant(self._tenant), "email": email}}
        )
        return _to_account(found) if found else None

    async def find_by_id(self, client: Prisma, id_: str) -> Account | None:
        found = await client.tenantuser.find_unique(
            where={"tenantId_id": {**in_tenant(self._tenant), "id": id_}}
        )
        return _to_account(found) if found else None

    def confirmation(self, account: Account) -> Mapping[str, object]:
        return {}

    def accounts(self, client: Prisma) -> Rows[Any]:
        return client.tenantuser

    def sessions(self, client: Prisma) -> Rows[SessionRow]:
        return client.tenantsession

    def refresh_tokens(self, client: Prisma) -> Rows[RefreshTokenRow]:
        return client.tenantrefreshtoken

    def links(self, client: Prisma) -> Rows[LinkRow]:
        return client.tenantemailtoken


def _to_account(user: TenantUser) -> Account:
    # Only a link in a mail sets the first password.
    is_confirmed = user.passwordHash is not None
    return Account(user.id, user.email, None, user.passwordHash, is_confirmed)


@declare_responses(404, path=PATH)
async def _read_realm(request: Request) -> TenantRealm:
    """Return the realm of the tenant that the path of a request names; raise 404 for a wrong host.

    An id that no tenant has is answered as that of a tenant without users: ids reveal nothing.
    """
    named: str = request.path_params[PARAMETER]
    if named == CURRENT:
        return await _read_realm_of_host(request)
    if not is_uuid(named):
        raise tenant_not_found()
    with use_scope(tenant=named):
        found = await _tenants.find_unique(where={"id": named})
    return TenantRealm(TenantId(named), found.name if found else "")


async def _read_realm_of_host(request: Request) -> TenantRealm:
    host = request_host(request)
    found = None
    if host is not None:
        with use_scope(key=host):
            found = await _tenants.find_unique(where={"domain": host})
    if found is None:
        raise tenant_not_found()
    return TenantRealm(TenantId(found.id), found.name)


# Before anybody is signed in: the tenant that the path names.
CurrentTenantRealm = Annotated[TenantRealm, Depends(_read_realm)]
