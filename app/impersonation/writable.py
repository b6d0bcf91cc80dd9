"""Which routes may change something while their caller is impersonated: those that say so.

    @router.post("/workspaces/{workspaceId}/notes", tags=["notes"], status_code=201)
    @writable_while_impersonating
    async def create_note(scope: MemberScope, body: NewNote) -> NoteView: ...

The default is to refuse, because a forgotten line must not let support staff invite members or
change roles in somebody's name: whoever adds a route decides that it may be used. It is a decorator
of the handler, and not another type of scope, because it says nothing about roles: it goes with
each of them. Routes that read need nothing, and routes that delete are always refused.

tests/impersonation/test_routes.py tries every route. The database refuses on its own what concerns
accounts, members, roles and deletions: see the trigger "not while impersonating" in the migrations.
"""

from collections.abc import Callable
from typing import Any, TypeVar

HandlerT = TypeVar("HandlerT", bound=Callable[..., Any])

_writable: set[Callable[..., Any]] = set()


def writable_while_impersonating(handler: HandlerT) -> HandlerT:
    """Let somebody who acts as a user, in the mode write, call this handler."""
    _writable.add(handler)
    return handler


def is_writable_while_impersonating(handler: Callable[..., Any]) -> bool:
    """Return whether a handler is decorated."""
    return handler in _writable
