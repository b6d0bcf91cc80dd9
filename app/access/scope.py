"""The scope of a request that needs a capability, which the type of an argument declares.

    async def list_users(caller: UsersReader, ...) -> ...

A caller without it gets 403, whatever the request is about. The capability is read anew for each
request, so a grant or a revocation takes effect on the next one. Policies show the rows that belong
to it only in these requests: in all others an administrator sees no more than anybody.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from prisma.actions import SessionActions
from prisma.partials import CapableSession, CapableUser

from app.access.capabilities import Capability
from app.access.errors import capability_missing
from app.auth import Credentials
from app.database.scope import set_scope
from app.db import prisma
from app.http.description import declare_responses

_sessions = SessionActions(prisma, CapableSession)


@dataclass(frozen=True, slots=True)
class CapableCaller:
    """The calling user, their session, and the capabilities of all their roles."""

    session: CapableSession
    capabilities: frozenset[str]

    @property
    def user(self) -> CapableUser:
        return self.session.user

    def require(self, *wanted: Capability) -> None:
        """Raise 403 unless the caller has all these capabilities."""
        require_capabilities(self.capabilities, *wanted)


def require_capabilities(held: frozenset[str], *wanted: Capability) -> None:
    """Raise 403, which lists what is missing, unless all are held."""
    if missing := set(wanted) - held:
        raise capability_missing(missing)


@declare_responses(403)  # also for whoever calls in the name of the user
class _CapableCallerDependency(Credentials):
    """Reads the caller's capabilities, and requires none."""

    capability: Capability | None = None

    async def __call__(self, request: Request) -> CapableCaller:
        claims = await self.read_claims(request)
        set_scope(user=claims.user, capability=self.capability or "")
        # One query reads the session, its user, and the capabilities of their roles.
        found = await _sessions.find_unique(
            where={"id": claims.session},
            include={
                "user": {
                    "include": {"roles": {"include": {"role": {"include": {"capabilities": True}}}}}
                }
            },
        )
        session = await self.verify_session(request, found, claims)
        caller = CapableCaller(session, _capabilities_in(session.user))
        if self.capability:
            caller.require(self.capability)
        return caller


class CapabilityDependency(_CapableCallerDependency):
    """Requires a capability of the caller, and enters its scope."""

    def __init__(self, capability: Capability) -> None:
        self.capability = capability


def require_capability(capability: Capability) -> Any:
    """Return the dependency of a route that needs it, for `Annotated[CapableCaller, ...]`."""
    return Depends(CapabilityDependency(capability))


def _capabilities_in(user: CapableUser) -> frozenset[str]:
    return frozenset(
        each.capabilityName for grant in user.roles for each in grant.role.capabilities
    )


# Everybody who is signed in; their requests see no more than with CurrentCaller.
AnyCaller = Annotated[CapableCaller, Depends(_CapableCallerDependency())]
UsersReader = Annotated[CapableCaller, require_capability(Capability.USERS_READ)]
RolesManager = Annotated[CapableCaller, require_capability(Capability.ROLES_MANAGE)]
TenantsManager = Annotated[CapableCaller, require_capability(Capability.TENANTS_MANAGE)]
AuditReader = Annotated[CapableCaller, require_capability(Capability.AUDIT_READ)]
