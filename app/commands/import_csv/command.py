"""Import a file into a tenant from the command line.

It works as the owner of the tables, whether the service runs or not. Whoever runs it has no
account, so the audit trail names the tenant as the actor, with `"by": "tenantry import-csv"`.
"""

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import BinaryIO

from prisma import Prisma
from prisma.models import Tenant

from app import db
from app.database.scope import use_scope
from app.imports import (
    MAX_BYTES,
    ImportKind,
    ImportOptions,
    Report,
    import_rows,
    read_config,
)
from app.kit.errors import OperatorError
from app.kit.ids import is_uuid
from app.kit.tasks import cancel_and_wait
from app.settings import Settings
from app.tenants import TenantId, in_tenant

BY = "tenantry import-csv"
_CHUNK_BYTES = 256 * 1024
_LONGEST_IMPORT = timedelta(minutes=30)
_REPORT_EVERY = 1.0  # seconds


class CsvImportError(OperatorError):
    """The file or the tenant cannot be used; the message, one line, says why."""


class _RolledBack(Exception):  # noqa: N818  (it only leaves the transaction)
    """The file has errors, or nothing was to be changed."""


async def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Import the file and print a report; return the exit code, 1 if the file has errors."""
    report = Report()
    try:
        with arguments.file.open("rb") as file:
            if file.seek(0, 2) > MAX_BYTES:
                raise CsvImportError(f"{arguments.file} has more than {MAX_BYTES} bytes.")
            file.seek(0)
            async with db.owner_client(settings) as owner:
                await _import(owner, settings, arguments, file, report)
    except OSError as error:
        raise CsvImportError(f"{arguments.file} cannot be read: {error.strerror}.") from None
    for fault in report.faults:
        column = f", column {fault.column}" if fault.column else ""
        print(f"line {fault.line}{column}: {fault.message}")
    print(_summary(report, is_dry=arguments.dry_run))
    return 1 if report.fault_count else 0


async def _import(
    owner: Prisma,
    settings: Settings,
    arguments: argparse.Namespace,
    file: BinaryIO,
    report: Report,
) -> None:
    tenant = await _find_tenant(owner, arguments.tenant)
    kind, options = ImportKind(arguments.kind), await _options(owner, tenant, arguments)
    progress = asyncio.create_task(_show_progress(report))
    try:
        with use_scope(tenant=tenant.id):
            async with owner.tx(timeout=_LONGEST_IMPORT) as tx:
                await import_rows(
                    tx,
                    kind,
                    options,
                    _read(file),
                    report,
                    tenant=tenant.id,
                    actor=tenant.id,
                    public_url=settings.public_url,
                    by=BY,
                )
                _require_commit(report, is_dry=arguments.dry_run)
    except _RolledBack:
        pass
    finally:
        await cancel_and_wait([progress])


def _require_commit(report: Report, *, is_dry: bool) -> None:
    if is_dry or report.fault_count:
        raise _RolledBack


async def _find_tenant(owner: Prisma, text: str) -> Tenant:
    found = await owner.tenant.find_first(
        where={"id": text} if is_uuid(text) else {"domain": text.lower()}
    )
    if found is None:
        raise CsvImportError(f"No tenant has the id or the domain {text!r}.")
    return found


async def _options(owner: Prisma, tenant: Tenant, arguments: argparse.Namespace) -> ImportOptions:
    """Return what the arguments say, completed by the CSV integration of the tenant."""
    config = await read_config(owner, in_tenant(TenantId(tenant.id)))
    delimiter = "\t" if arguments.delimiter == "tab" else arguments.delimiter
    return ImportOptions.model_validate(
        {
            "delimiter": delimiter or config.delimiter,
            "encoding": arguments.encoding or config.encoding,
            "mapping": config.mapping,
            "onExisting": arguments.on_existing,
            "sendLinks": arguments.send_links,
        }
    )


async def _read(file: BinaryIO) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, _CHUNK_BYTES):
        yield chunk


async def _show_progress(report: Report) -> None:
    begun = time.monotonic()
    while True:
        await asyncio.sleep(_REPORT_EVERY)
        rate = report.lines / (time.monotonic() - begun)
        print(f"{report.lines} lines, {rate:.0f} lines per second", file=sys.stderr, flush=True)


def _summary(report: Report, *, is_dry: bool) -> str:
    if report.fault_count:
        return f"{report.fault_count} errors in {report.lines} lines: nothing was imported."
    counts = f"{report.created} created, {report.updated} updated, {report.skipped} left unchanged"
    return f"{'Would be imported' if is_dry else 'Imported'}: {report.lines} lines, {counts}."
