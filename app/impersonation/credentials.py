"""Credentials of tenancies, which accept impersonation tokens, and of the route that ends one.

An impersonated request sends two statements before its own: one reads the impersonation and whether
its conditions still hold, one writes the request to the audit trail. No other request pays for it.
A request that is refused before its route asks who calls, or because it asks nobody who acts as
somebody else, is recorded when its response is sent.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.openapi.models import HTTPBearer
from prisma.enums import ImpersonationMode
from starlette.types import Scope

from app import audit
from app.auth import IMPERSONATED_BY, Credentials, ImpersonationClaims, name_impersonator
from app.auth.errors import not_while_impersonating
from app.auth.tokens import Claims
from app.database.scope import set_read_only, set_scope
from app.db import prisma
from app.http.description import declare_responses
from app.http.origins import is_safe
from app.http.problems import Problem
from app.impersonation.errors import (
    impersonation_over,
    impersonation_read_only,
    not_impersonating,
)
from app.impersonation.writable import is_writable_while_impersonating

log = logging.getLogger(__name__)

_TOKEN = HTTPBearer(description="The access token that starting an impersonation returned.")
_SCHEME = "ImpersonationToken"
_RECORDED = "tenantry.impersonation_recorded"
# What ids and names in paths consist of. Anything else opens nothing, and may not fit into JSON.
_PARAMETER = re.compile(r"[\w.-]{1,100}", re.ASCII)
# Prisma cannot call functions.
_READ = """
    SELECT
        "mode"::text AS "mode", "workspaceId", "organizationId",
        may_impersonate("userId", "workspaceId", "organizationId", "mode") AS "isPermitted"
    FROM "ImpersonationSession"
    WHERE id = $1::uuid AND "userId" = $2::uuid AND "impersonatorId" = $3::uuid
        AND "expiresAt" > now()
"""


@declare_responses(headers={IMPERSONATED_BY: "The id of who acts as the user, if somebody does."})
class TenancyCredentials(Credentials):
    """Base class of the scopes of workspaces and organizations."""

    alternatives = MappingProxyType({**Credentials.alternatives, _SCHEME: _TOKEN})
    accepts_impersonation = True

    async def enter_scope(
        self,
        request: Request,
        claims: Claims,
        *,
        not_found: Callable[[], Problem],
        workspace: str = "",
        organization: str = "",
    ) -> None:
        """Enter the scope of the calling user in a tenancy.

        If somebody acts as that user, verify that they still may, record the request, and raise 403
        for what they may not do, or the 404 of strangers in any tenancy but theirs.
        """
        if not isinstance(claims, ImpersonationClaims):
            set_scope(user=claims.user, workspace=workspace, organization=organization)
            return
        found = await _enter_impersonation(request.scope, claims)
        own = _tenancy(found)
        if own != {"workspace": workspace, "organization": organization}:
            raise not_found()
        if found["mode"] == ImpersonationMode.read or is_safe(request.method):
            set_read_only()
        _require_permission(request, found["mode"])


class _ImpersonationDependency(Credentials):
    model = _TOKEN
    scheme_name = _SCHEME
    alternatives = MappingProxyType({})
    accepts_impersonation = True

    async def __call__(self, request: Request) -> ImpersonationClaims:
        claims = await self.read_claims(request)
        if not isinstance(claims, ImpersonationClaims):
            raise not_impersonating()
        set_scope(user=claims.impersonator)
        return claims


# The claims of an impersonation token, in the scope of who acts.
CurrentImpersonation = Annotated[ImpersonationClaims, Depends(_ImpersonationDependency())]


async def record_refusal(request: Scope, status: int) -> None:
    """Record a request that is answered with an error, unless that has already been done.

    Its response names who acts. Nothing is recorded while the service does without the database.
    """
    claims = name_impersonator(request)
    if claims is None or _RECORDED in request or status == HTTPStatus.SERVICE_UNAVAILABLE:
        return
    try:
        # A task of its own: the scope that it enters ends with it.
        await asyncio.create_task(_enter_impersonation(request, claims))
    except Problem:  # the impersonation is over
        pass
    except Exception:  # the response is an error already, and tells nothing of the tenancy
        log.exception("A request that was refused is missing in the audit trail")


async def _enter_impersonation(request: Scope, claims: ImpersonationClaims) -> dict[str, Any]:
    """Enter the scope of an impersonation and record the request; raise 401 if it is over."""
    request[_RECORDED] = True
    found = await _verify(claims)
    set_scope(user=claims.user, impersonator=claims.impersonator, **_tenancy(found))
    await _record(request, claims, found)
    return found


def _tenancy(found: dict[str, Any]) -> dict[str, str]:
    return {
        "workspace": found["workspaceId"] or "",
        "organization": found["organizationId"] or "",
    }


async def _verify(claims: ImpersonationClaims) -> dict[str, Any]:
    """Return an impersonation; raise 401, and end it, unless its conditions still hold."""
    set_scope(user=claims.user, impersonator=claims.impersonator)
    found: Any = await prisma.query_first(_READ, claims.session, claims.user, claims.impersonator)
    if found is None:
        raise impersonation_over()
    if not found["isPermitted"]:
        set_scope(user=claims.impersonator)
        await prisma.impersonationsession.delete_many(where={"id": claims.session})
        raise impersonation_over()
    return found


async def _record(request: Scope, claims: ImpersonationClaims, found: dict[str, Any]) -> None:
    """Write the request to the trail of the tenancy, in a transaction of its own."""
    route = request.get("route")  # None: there is no such path
    await audit.record(
        prisma,
        "impersonation.request",
        actor=claims.user,
        workspace=found["workspaceId"],
        organization=found["organizationId"],
        subject=claims.session,
        method=request["method"],
        route=route and route.path,
        parameters=_parameters(request),
        mode=found["mode"],
    )


def _parameters(request: Scope) -> dict[str, str | None]:
    """Return what the path names, such as the ids of a project; None if no row can have the id."""
    given: dict[str, Any] = request.get("path_params", {})
    return {
        name: value if _PARAMETER.fullmatch(value := str(each)) else None
        for name, each in given.items()
    }


def _require_permission(request: Request, mode: str) -> None:
    """Raise 403 for what nobody may do as somebody else."""
    if is_safe(request.method):
        return
    if mode == ImpersonationMode.read:
        raise impersonation_read_only()
    is_writable = is_writable_while_impersonating(request.scope["endpoint"])
    if request.method == "DELETE" or not is_writable:
        raise not_while_impersonating()
