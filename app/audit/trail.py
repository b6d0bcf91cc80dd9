"""Writing events, in the transaction of the change that they record, and reading them."""

from collections.abc import Mapping
from typing import Any, TypedDict

import pydantic
from prisma import Json, Prisma, partials
from prisma.actions import AuditEventActions
from prisma.types import AuditEventWhereInput
from pydantic import JsonValue

from app.database.scope import current_impersonator
from app.db import prisma
from app.http.pages import Page, PageRequest


class AuditEntry(partials.AuditEntry):
    """An event of an audit trail."""

    # The generated type would return the JSON as text.
    details: pydantic.Json[dict[str, JsonValue]]  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]  # narrower on purpose


_entries = AuditEventActions(prisma, AuditEntry)


class Trail(TypedDict, total=False):
    """The trail of a workspace, an organization or a tenant: `entries(pages, **trail)`."""

    workspace: str
    organization: str
    tenant: str


async def record(
    tx: Prisma,
    action: str,
    *,
    actor: str,
    workspace: str | None = None,
    organization: str | None = None,
    tenant: str | None = None,
    subject: str | None = None,
    **details: Any,
) -> None:
    """Record that `actor` did something in a workspace or another tenancy; requires its scope.

    The event also names who acted as them, if somebody did.
    Without a tenancy, the event belongs to the installation; requires the scope of a capability.
    """
    await tx.auditevent.create_many(
        data=[
            {
                "action": action,
                "actorId": actor,
                "impersonatorId": current_impersonator(),
                "workspaceId": workspace,
                "organizationId": organization,
                "tenantId": tenant,
                "subjectId": subject,
                "details": Json(details),
            }
        ]
    )


async def record_each(
    tx: Prisma,
    action: str,
    *,
    actor: str,
    tenant: str | None = None,
    details: Mapping[str, Mapping[str, Any]],
) -> None:
    """Record that `actor` did the same with several subjects, in a tenant or the installation.

    `details` holds the details of each event, by its subject.
    """
    await tx.auditevent.create_many(
        data=[
            {
                "action": action,
                "actorId": actor,
                "tenantId": tenant,
                "subjectId": subject,
                "details": Json(dict(each)),
            }
            for subject, each in details.items()
        ]
    )


async def entries(
    pages: PageRequest,
    *,
    workspace: str | None = None,
    organization: str | None = None,
    tenant: str | None = None,
) -> Page[AuditEntry]:
    """Return the events of a workspace or another tenancy, newest first; requires its scope.

    Without one, return those of the installation; requires the scope of `audit.read`.
    """
    list_ = f"audit events of {workspace or organization or tenant or 'the installation'}"
    where: AuditEventWhereInput = {
        "workspaceId": workspace,
        "organizationId": organization,
        "tenantId": tenant,
    }
    if after := pages.after(list_):
        where["id"] = {"lt": after}
    rows = await _entries.find_many(where=where, order={"id": "desc"}, take=pages.take + 1)
    return pages.page(list_, rows)
