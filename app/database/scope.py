"""The scope in which queries run: what row-level security lets them see and change.

The policies are in the migrations; they read the settings that this module alone sets. They are a
defence against a forgotten filter, not against SQL injection: see docs/decisions.
"""

from contextlib import AbstractContextManager
from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

from prisma_wasm import scoped

# Who acts as the caller of the request. No inner scope takes it back.
_impersonator: ContextVar[str] = ContextVar("impersonator", default="")


def use_scope(
    *,
    user: str = "",
    workspace: str = "",
    organization: str = "",
    tenant: str = "",
    capability: str = "",
    key: str = "",
) -> AbstractContextManager[None]:
    """Run the queries of a `with` block as `user`, in a tenancy, or with a `key`.

    The tenancy is a workspace, an organization or a tenant; in a tenant, `user` is a user of it. A
    capability is one that the route declares, and shows its rows if the user has it. A key
    identifies rows before the caller is authenticated: an e-mail address, a host or the hash of a
    token, which shows the rows that contain it. An inner scope replaces the outer one, but what an
    impersonation forbids stays forbidden.
    """
    return scoped(
        {
            "tenantry.user": user,
            "tenantry.workspace": workspace,
            "tenantry.organization": organization,
            "tenantry.tenant": tenant,
            "tenantry.capability": capability,
            "tenantry.key": key,
            "tenantry.impersonator": _impersonator.get(),
        }
    )


def set_scope(
    *,
    user: str,
    workspace: str = "",
    organization: str = "",
    tenant: str = "",
    capability: str = "",
    impersonator: str = "",
) -> None:
    """Run the rest of the request in a scope, which `ScopeMiddleware` ends.

    `impersonator` is who acts as `user`: events name them, and the database refuses what nobody may
    do as somebody else.
    """
    _impersonator.set(impersonator)
    use_scope(
        user=user,
        workspace=workspace,
        organization=organization,
        tenant=tenant,
        capability=capability,
    ).__enter__()


def set_read_only() -> None:
    """Run the rest of the request in read-only transactions: PostgreSQL refuses to write."""
    scoped({"transaction_read_only": "on"}).__enter__()


def current_impersonator() -> str | None:
    """Return the id of who acts as the caller, or None."""
    return _impersonator.get() or None


class ScopeMiddleware:
    """End the scope that a request has entered, since its task may serve other requests too.

    A dependency that ends the scope itself would cost each request a generator and an exit stack.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, request: Scope, receive: Receive, send: Send) -> None:
        # Start with an empty scope: the task may inherit that of the request before.
        token = _impersonator.set("")
        try:
            with use_scope():
                await self.app(request, receive, send)
        finally:
            _impersonator.reset(token)
