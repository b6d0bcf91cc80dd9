"""The scope in which queries run: what row-level security lets them see and change.

The policies are in the migrations; they read the settings that are set here, and here alone.
"""

from contextlib import AbstractContextManager

from starlette.types import ASGIApp, Receive, Scope, Send

from prisma_wasm import scoped


def use_scope(
    *, user: str = "", workspace: str = "", key: str = ""
) -> AbstractContextManager[None]:
    """Run the queries of a `with` block as `user`, in `workspace`, or with a `key` in hand.

    A key is what somebody presents before it is known who they are: an e-mail address, or the hash
    of a token; it shows the rows that bear it. A scope inside another replaces it altogether.
    """
    return scoped({"tenantry.user": user, "tenantry.workspace": workspace, "tenantry.key": key})


def set_scope(*, user: str, workspace: str = "") -> None:
    """Run the rest of the request as `user`, in `workspace`; `ScopeMiddleware` ends it."""
    use_scope(user=user, workspace=workspace).__enter__()


class ScopeMiddleware:
    """Ends the scope that a request has entered, whatever comes after it in the same task.

    A dependency that ends it itself costs each request a generator and a stack of exits.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, request: Scope, receive: Receive, send: Send) -> None:
        # Of nobody: the task may have begun in that of the request before.
        with use_scope():
            await self.app(request, receive, send)
