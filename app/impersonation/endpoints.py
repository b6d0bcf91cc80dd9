"""HTTP routes of impersonation."""

from typing import Annotated

from fastapi import Path
from prisma.partials import ImpersonationView

from app.access import Capability, CapableCaller, require_capability
from app.auth import CurrentCaller, CurrentTokens
from app.http.description import domain_router
from app.http.pages import Page, Pagination
from app.http.problems import problems
from app.impersonation import rules
from app.impersonation.credentials import CurrentImpersonation
from app.impersonation.schemas import NewImpersonation, StartedImpersonation

router = domain_router()
_LIST = "/impersonations"

Impersonator = Annotated[CapableCaller, require_capability(Capability.IMPERSONATE)]


@router.post(_LIST, tags=["impersonations"], status_code=201, responses=problems(404, 409, 429))
async def start_impersonation(
    caller: Impersonator, body: NewImpersonation, tokens: CurrentTokens
) -> StartedImpersonation:
    """Act as a member of a workspace or an organization whose owner allows it.

    The token works in that one alone. Reading is all that the mode `read` allows.
    """
    return await rules.start(caller, tokens, body)


@router.get(_LIST, tags=["impersonations"])
async def list_impersonations(caller: CurrentCaller, pages: Pagination) -> Page[ImpersonationView]:
    """List the impersonations that you have started and that are not over, newest first."""
    return await rules.list_mine(caller, pages)


@router.post("/impersonation/end", tags=["impersonations"], status_code=204)
async def end_current_impersonation(claims: CurrentImpersonation) -> None:
    """End the impersonation whose token this request has; your own session goes on."""
    await rules.end_current(claims)


@router.delete(
    f"{_LIST}/{{impersonationId}}",
    tags=["impersonations"],
    status_code=204,
    responses=problems(404),
)
async def end_impersonation(
    impersonation_id: Annotated[str, Path(alias="impersonationId", description="A UUID.")],
    caller: CurrentCaller,
) -> None:
    """End one of your impersonations; its token stops working immediately."""
    await rules.end(caller, id_=impersonation_id)
