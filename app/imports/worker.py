"""Import queued files in the background of the service, one at a time in each process.

The rows are written as the service's role in the scope of the tenant, so that the policies apply to
what a file says; only the queue, which belongs to all tenants, is the owner's.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from prisma import Prisma
from prisma.enums import TenantUserRole
from prisma.errors import PrismaError

from app import mail
from app.database.scope import use_scope
from app.db import prisma
from app.imports import queue, uploads
from app.imports.faults import Fault, Report
from app.imports.importing import import_rows
from app.imports.options import ImportKind, ImportOptions
from app.imports.queue import Job
from app.kit.ids import new_uuid7
from app.kit.tasks import cancel_and_wait
from app.settings import Settings
from app.tenants import TenantId, in_tenant, role_in

log = logging.getLogger(__name__)

POLL_EVERY = 2.0  # seconds
LEASE = 30.0
RENEW_EVERY = 2.0  # also how often the progress is noted
_LONGEST_IMPORT = timedelta(minutes=10)
_GIVEN_UP = "The import could not be completed: a fault of the service."


class _RolledBack(Exception):  # noqa: N818  (it only leaves the transaction)
    """The import has faults, or the job is not the worker's any more."""


class Worker:
    """Runs jobs while `run` runs."""

    def __init__(
        self, settings: Settings, *, lease: float = LEASE, renew_every: float = RENEW_EVERY
    ) -> None:
        self._settings = settings
        self._lease = lease
        self._renew_every = renew_every
        self._id = new_uuid7()

    async def run(self, owner: Prisma) -> None:
        """Run what is queued, forever."""
        while True:
            while await self.run_next(owner):
                pass
            await asyncio.sleep(POLL_EVERY)

    async def run_next(self, owner: Prisma) -> bool:
        """Run the next job; return whether there was one."""
        job = await queue.claim(owner, self._id, lease=self._lease)
        if job is None:
            return False
        report = Report()
        try:
            await self._run(owner, job, report)
        except Exception as error:
            # The transaction was rolled back. A database that was lost may be back for the next.
            if job.attempts >= queue.MAX_ATTEMPTS:
                log.exception("Import %s failed and is given up", job.id)
                await _fail(owner, job, _GIVEN_UP)
            else:
                is_expected = isinstance(error, PrismaError)
                log.warning(
                    "Import %s failed, trying again: %s", job.id, error, exc_info=not is_expected
                )
                await queue.release(owner, job)
        return True

    async def _run(self, owner: Prisma, job: Job, report: Report) -> None:
        if job.attempts > queue.MAX_ATTEMPTS:  # the process died with each of them
            await _fail(owner, job, _GIVEN_UP)
            return
        work = asyncio.create_task(_import(job, report, self._settings))
        try:
            while not (await asyncio.wait({work}, timeout=self._renew_every))[0]:
                if not await queue.renew(owner, job, report, lease=self._lease):
                    return  # cancelled, or claimed by another worker
            await work
            if report.fault_count:
                await queue.finish(owner, job, report)
        finally:
            await cancel_and_wait([work])
        mail.wake_sender()


async def _import(job: Job, report: Report, settings: Settings) -> None:
    """Import the file of a job, and end the job in the same transaction.

    If the report has faults, nothing was written, nor if the job is not the worker's any more.
    """
    if job.created_by is None:
        report.add(_fault("The administrator who started the import was deleted."))
        return
    with use_scope(user=job.created_by, tenant=job.tenant), suppress(_RolledBack):
        async with prisma.tx(timeout=_LONGEST_IMPORT) as tx:
            await _require_administrator(tx, job.tenant, job.created_by, report)
            await import_rows(
                tx,
                ImportKind(job.kind),
                ImportOptions.model_validate(job.options),
                uploads.read(tx, in_tenant(TenantId(job.tenant)), job.id),
                report,
                tenant=job.tenant,
                actor=job.created_by,
                subject=job.id,
                public_url=settings.public_url,
            )
            if report.fault_count or not await queue.finish(tx, job, report):
                raise _RolledBack


async def _require_administrator(tx: Prisma, tenant: str, user: str, report: Report) -> None:
    if await role_in(TenantId(tenant), user, tx=tx) is not TenantUserRole.ADMIN:
        report.add(_fault("Whoever started the import is no administrator any more."))
        raise _RolledBack


async def _fail(owner: Prisma, job: Job, message: str) -> None:
    report = Report()
    report.add(_fault(message))
    await queue.finish(owner, job, report)


def _fault(message: str) -> Fault:
    return Fault(line=1, column=None, message=message)
