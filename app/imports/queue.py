"""The queue of imports: workers of all processes claim jobs in the database.

A claimed job belongs to its worker for the length of a lease, which the worker renews while it
lives. When it dies, another worker claims the job and begins anew: an import is one transaction, of
which nothing is left. A worker that only seemed dead cannot commit any more, because its
transaction ends with a condition on the job's worker.

Claims are made as the owner of the tables, since a worker looks at the jobs of all tenants; so are
the notes on progress, which must be visible while the transaction of the import is open.
"""

import json
from dataclasses import dataclass
from typing import Any

from prisma import Prisma
from prisma.errors import RawQueryError

from app.imports.faults import Report

_UNIQUE_VIOLATION = "23505"
# Of a job whose workers die, or lose the database.
MAX_ATTEMPTS = 3

# Raw SQL, because workers share the work by SKIP LOCKED, which Prisma does not offer. A tenant's
# next job waits for the one that runs, also for one whose worker died.
_CLAIM = """
    UPDATE "ImportJob"
    SET "state" = 'running', "workerId" = $1::uuid, "attempts" = "attempts" + 1, "linesRead" = 0,
        "leaseUntil" = now() + make_interval(secs => $2)
    WHERE "id" = (
        SELECT "id" FROM "ImportJob" AS "job"
        WHERE "state" IN ('queued', 'running') AND CASE "state"
            WHEN 'running' THEN "leaseUntil" < now()
            ELSE NOT EXISTS (
                SELECT FROM "ImportJob" AS "other"
                WHERE "other"."tenantId" = "job"."tenantId" AND "other"."state" = 'running'
            )
        END
        ORDER BY "id" LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING "id"::text, "tenantId"::text, "createdById"::text, "kind", "options", "attempts"
"""
_RENEW = """
    UPDATE "ImportJob"
    SET "linesRead" = $3, "leaseUntil" = now() + make_interval(secs => $4)
    WHERE "id" = $1::uuid AND "workerId" = $2::uuid AND "state" = 'running'
"""
# The condition keeps a worker that was replaced, or whose job was cancelled, from ending the job.
_FINISH = """
    UPDATE "ImportJob"
    SET "state" = $3::"ImportState", "linesRead" = $4, "created" = $5, "updated" = $6,
        "skipped" = $7, "errorCount" = $8, "errors" = $9::jsonb, "finishedAt" = now(),
        "leaseUntil" = NULL
    WHERE "id" = $1::uuid AND "workerId" = $2::uuid AND "state" = 'running'
"""
_RELEASE = """
    UPDATE "ImportJob" SET "leaseUntil" = now()
    WHERE "id" = $1::uuid AND "workerId" = $2::uuid AND "state" = 'running'
"""


@dataclass(frozen=True, slots=True)
class Job:
    """A job that a worker has claimed."""

    id: str
    worker: str
    tenant: str
    # None if that user was deleted meanwhile.
    created_by: str | None
    kind: str
    options: dict[str, Any]
    attempts: int


async def claim(owner: Prisma, worker: str, *, lease: float) -> Job | None:
    """Claim the oldest job that waits, for `lease` seconds; return None if there is none."""
    try:
        rows: list[Any] = await owner.query_raw(_CLAIM, worker, lease)
    except RawQueryError as error:
        if error.meta.get("code") != _UNIQUE_VIOLATION:
            raise
        return None  # another worker claimed another job of the same tenant
    if not rows:
        return None
    row = rows[0]
    return Job(
        id=row["id"],
        worker=worker,
        tenant=row["tenantId"],
        created_by=row["createdById"],
        kind=row["kind"],
        options=row["options"],
        attempts=row["attempts"],
    )


async def renew(owner: Prisma, job: Job, report: Report, *, lease: float) -> bool:
    """Note how far a job is and renew its lease; return whether it is still the worker's own."""
    renewed = await owner.execute_raw(_RENEW, job.id, job.worker, report.lines, lease)
    return bool(renewed)


async def finish(client: Prisma, job: Job, report: Report) -> bool:
    """End a job, done or failed, and delete its file; return whether it was still the worker's own.

    In the transaction of an import, roll back if it was not.
    """
    has_failed = report.fault_count > 0
    finished = await client.execute_raw(
        _FINISH,
        job.id,
        job.worker,
        "failed" if has_failed else "done",
        report.lines,
        0 if has_failed else report.created,
        0 if has_failed else report.updated,
        0 if has_failed else report.skipped,
        report.fault_count,
        json.dumps([fault.model_dump() for fault in report.faults]),
    )
    if finished:
        await client.importchunk.delete_many(where={"tenantId": job.tenant, "jobId": job.id})
    return bool(finished)


async def release(owner: Prisma, job: Job) -> None:
    """Let any worker claim the job at once."""
    await owner.execute_raw(_RELEASE, job.id, job.worker)
