"""The scope in which queries run: what row-level security lets them see and change.

The policies are in the migrations; they read the settings that this module alone sets. They are a
defence against a forgotten filter, not against SQL injection: see docs/decisions.
"""

from contextlib import AbstractContextManager

from starlette.types import ASGIApp, Receive, Scope, Send

from prisma_wasm import scoped


def use_scope(
    *,
    user: str = "",
    workspace: str = "",
    organization: str = "",
    capability: str = "",
    key: str = "",
) -> AbstractContextManager[None]:
    """Run the queries of a `with` block as `user`, in a tenancy, or with a `key`.

    The tenancy is a workspace or an organization. A capability is one that the route declares, and
    shows its rows if the user has it. A key identifies rows before the caller is authenticated: an
    e-mail address or the hash of a token, which shows the rows that contain it. An inner scope
    replaces the outer one entirely.
    """
    return scoped(
        {
            "tenantry.user": user,
            "tenantry.workspace": workspace,
            "tenantry.organization": organization,
            "tenantry.capability": capability,
            "tenantry.key": key,
        }
    )


def set_scope(
    *, user: str, workspace: str = "", organization: str = "", capability: str = ""
) -> None:
    """Run the rest of the request in a scope, which `ScopeMiddleware` ends."""
    use_scope(
        user=user, workspace=workspace, organization=organization, capability=capability
    ).__enter__()


class ScopeMiddleware:
    """End the scope that a request has entered, since its task may serve other requests too.

    A dependency that ends the scope itself would cost each request a generator and an exit stack.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, request: Scope, receive: Receive, send: Send) -> None:
        # Start with an empty scope: the task may inherit that of the request before.
        with use_scope():
            await self.app(request, receive, send)
