"""Import jobs: uploading a file, following its import, cancelling it."""

from collections.abc import AsyncIterable
from datetime import timedelta

from prisma import Json, Prisma
from prisma.actions import ImportJobActions
from prisma.enums import ImportState
from prisma.types import ImportJobWhereInput

from app.auth import throttle
from app.auth.throttle import Attempt, Limit
from app.db import prisma
from app.http.pages import Page, PageRequest
from app.imports import integration, uploads
from app.imports.errors import (
    import_cancelled,
    import_finished,
    import_not_found,
    too_many_imports,
)
from app.imports.options import ImportOptions
from app.imports.schemas import ImportView, NewImport
from app.kit.ids import is_uuid
from app.tenants import TenantScope, in_tenant, record_event

# Each mails links to addresses that its file chose.
_IMPORTS_WITH_LINKS = Limit("imports with links of tenant", 5, timedelta(days=1))
# Their files take 50 MB each.
MAX_UNFINISHED = 5
_UNFINISHED = [ImportState.uploading, ImportState.queued, ImportState.running]
_jobs = ImportJobActions(prisma, ImportView)


async def create(scope: TenantScope, asked: NewImport, body: AsyncIterable[bytes]) -> ImportView:
    """Store a file and queue its import; raise 409 if too many are not finished."""
    if asked.sendLinks:
        await throttle.attempt_all(Attempt(_IMPORTS_WITH_LINKS, scope.id))
    options = await _options(scope, asked)
    job = await _begin(scope, asked, options)
    is_queued = False
    try:
        lines = await uploads.store(scope.where, job, body)
        queued = await _queue(scope, job, kind=asked.kind, lines=lines)
        is_queued = True
    finally:
        if not is_queued:  # the client left, or sent too much
            await prisma.importjob.delete_many(where={**in_tenant(scope.id), "id": job})
    return queued


async def list_jobs(scope: TenantScope, pages: PageRequest) -> Page[ImportView]:
    """Return the imports of the tenant, newest first."""
    list_ = f"imports of {scope.id}"
    where: ImportJobWhereInput = {**scope.where}
    if after := pages.after(list_):
        where["id"] = {"lt": after}
    rows = await _jobs.find_many(where=where, order={"id": "desc"}, take=pages.take + 1)
    return pages.page(list_, rows)


async def read(scope: TenantScope, *, id_: str) -> ImportView:
    """Return an import; raise 404 if there is none."""
    found = await _jobs.find_first(where=_one(scope, id_))
    if found is None:
        raise import_not_found()
    return found


async def cancel(scope: TenantScope, *, id_: str) -> None:
    """Cancel an import that has not ended; its worker changes nothing then."""
    where = _one(scope, id_)
    async with prisma.tx() as tx:
        # Whichever commits first wins, the worker or this.
        cancelled = await tx.execute_raw(_CANCEL, scope.id, id_)
        if not cancelled:
            if await tx.importjob.count(where=where):
                raise import_finished()
            raise import_not_found()
        await tx.importchunk.delete_many(where={**scope.where, "jobId": id_})
        await record_event(tx, scope, "import.cancelled", subject=id_)


# Raw, because Prisma cannot set a column to the time of the database.
_CANCEL = """
    UPDATE "ImportJob" SET "state" = 'cancelled', "finishedAt" = now()
    WHERE "tenantId" = $1::uuid AND "id" = $2::uuid
        AND "state" IN ('uploading', 'queued', 'running')
"""


def _one(scope: TenantScope, id_: str) -> ImportJobWhereInput:
    """Return the condition for one import; raise 404 if the id is malformed."""
    if not is_uuid(id_):
        raise import_not_found()
    return {**in_tenant(scope.id), "id": id_}


async def _options(scope: TenantScope, asked: NewImport) -> ImportOptions:
    """Return what was asked for, completed by the CSV integration of the tenant."""
    config = await integration.read_config(prisma, scope.where)
    return ImportOptions(
        delimiter=asked.delimiter or config.delimiter,
        encoding=asked.encoding or config.encoding,
        mapping=config.mapping,
        onExisting=asked.onExisting,
        sendLinks=asked.sendLinks,
    )


async def _begin(scope: TenantScope, asked: NewImport, options: ImportOptions) -> str:
    """Create a job whose file is not there yet; return its id."""
    async with prisma.tx() as tx:
        await _lock_uploads(tx, scope)
        unfinished = await tx.importjob.count(
            where={**scope.where, "OR": [{"state": state} for state in _UNFINISHED]}
        )
        if unfinished >= MAX_UNFINISHED:
            raise too_many_imports(MAX_UNFINISHED)
        made = await tx.importjob.create(
            {
                **scope.where,
                "createdById": scope.user.id,
                "kind": asked.kind,
                "options": Json(options.model_dump(mode="json")),
            }
        )
    return made.id


async def _lock_uploads(tx: Prisma, scope: TenantScope) -> None:
    """Let the tenant's new imports begin one after the other, so that they can be counted.

    Not the lock on the tenant, which an import of users may hold for long.
    """
    await tx.query_raw(
        'SELECT 1 AS "locked" FROM pg_advisory_xact_lock('
        "hashtext('tenantry import'), hashtext($1::text))",
        scope.id,
    )


async def _queue(scope: TenantScope, job: str, *, kind: str, lines: int) -> ImportView:
    async with prisma.tx() as tx:
        where: ImportJobWhereInput = {**_one(scope, job), "state": ImportState.uploading}
        if not await tx.importjob.update_many(
            where=where, data={"state": ImportState.queued, "linesTotal": lines}
        ):
            raise import_cancelled()
        await record_event(tx, scope, "import.queued", subject=job, kind=kind)
        queued = await ImportJobActions(tx, ImportView).find_first(where=_one(scope, job))
    if queued is None:
        raise import_not_found()
    return queued
