"""One import in an open transaction, for workers and the command line: rows, links, audit trail."""

from collections.abc import AsyncIterable
from dataclasses import dataclass
from typing import Any

from prisma import Prisma

from app import audit
from app.imports.faults import Report
from app.imports.options import ImportKind, ImportOptions
from app.imports.reading import import_file
from app.imports.rows import Importer
from app.imports.users import SendLink, UserImporter
from app.imports.workout_plans import PlanImporter
from app.tenants import mail_first_link


@dataclass(slots=True)
class _User:
    id: str
    email: str


async def import_rows(
    tx: Prisma,
    kind: ImportKind,
    options: ImportOptions,
    data: AsyncIterable[bytes],
    report: Report,
    *,
    tenant: str,
    actor: str,
    public_url: str,
    subject: str | None = None,
    **details: Any,
) -> None:
    """Import a file and record it in the trail; requires the scope of the tenant and the actor.

    The caller rolls the transaction back if the report has faults.
    """
    send_link = await _link_sender(tx, tenant, public_url) if options.sendLinks else None
    importer = _new_importer(kind, options, report, tenant, send_link)
    await import_file(tx, importer, data, options.file)
    if not report.fault_count:
        await audit.record(
            tx,
            f"{kind.replace('-', '_')}.imported",
            actor=actor,
            tenant=tenant,
            subject=subject,
            created=report.created,
            updated=report.updated,
            skipped=report.skipped,
            **details,
        )


def _new_importer(
    kind: ImportKind,
    options: ImportOptions,
    report: Report,
    tenant: str,
    send_link: SendLink | None,
) -> Importer[Any]:
    if kind is ImportKind.workout_plans:
        return PlanImporter(tenant, report)
    return UserImporter(tenant, report, on_existing=options.onExisting, send_link=send_link)


async def _link_sender(tx: Prisma, tenant: str, public_url: str) -> SendLink:
    """Return what mails a new user a link that sets a password."""
    found = await tx.tenant.find_unique_or_raise(where={"id": tenant})

    async def send(tx: Prisma, id_: str, email: str) -> None:
        await mail_first_link(tx, found, _User(id_, email), public_url=public_url)

    return send
