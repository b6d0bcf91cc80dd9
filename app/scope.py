"""The scope in which queries run: what row-level security lets them see and change.

The policies are in the migrations; they read the settings that are set here, and here alone.
"""

from contextlib import AbstractContextManager

from prisma_wasm import scoped


def scope(*, user: str = "", workspace: str = "", key: str = "") -> AbstractContextManager[None]:
    """Run the queries of a `with` block as `user`, in `workspace`, or with a `key` in hand.

    A key is what somebody presents before it is known who they are: an e-mail address, or the hash
    of a token; it shows the rows that bear it. A scope inside another replaces it altogether.
    """
    return scoped({"tenantry.user": user, "tenantry.workspace": workspace, "tenantry.key": key})
