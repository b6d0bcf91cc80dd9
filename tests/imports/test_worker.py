"""Workers: each job runs once, whoever dies, stalls or cancels it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from prisma.enums import ImportState, TenantUserRole

from app.imports import queue, worker
from app.imports.queue import claim
from app.imports.worker import Worker
from app.kit.ids import new_uuid7
from app.kit.tasks import cancel_and_wait
from tests.fix_team import Team
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.imports.jobs import USERS, create_job, new_users, path_of, run_jobs

LIMIT = 30.0  # only a hang takes as long

# What the service runs in its background; the API of the tests does not.
RUN = Worker.run


@pytest.fixture
async def tenant(team: Team) -> TenantTeam:
    return team.tenant


def after_reading(monkeypatch: pytest.MonkeyPatch, step: Callable[[], Awaitable[object]]) -> None:
    """Let imports do something when all rows are written and nothing is committed."""
    read = worker.import_rows

    async def read_and_step(*arguments: Any, **options: Any) -> None:
        await read(*arguments, **options)
        await step()

    monkeypatch.setattr(worker, "import_rows", read_and_step)


async def state_of(tenant: TenantTeam, job: str) -> tuple[str, int]:
    """Return the state of a job, and how many errors it has."""
    read = (await tenant.admin.get(path_of(tenant, job))).json()
    return read["state"], read["errorCount"]


async def expire_leases(tenant: TenantTeam) -> None:
    await tenant.api.owner.execute_raw(
        """UPDATE "ImportJob" SET "leaseUntil" = now() - interval '1 second'"""
    )


async def test_workers_share_the_queue(tenant: TenantTeam):
    """Each job has one worker, and a tenant has one job that runs."""
    other = await make_tenant_team(tenant.api, "other")
    # Sorted, because ids of one millisecond have no order.
    jobs = [*sorted([await create_job(tenant), await create_job(tenant)]), await create_job(other)]

    claims = await asyncio.gather(
        *(claim(tenant.api.owner, new_uuid7(), lease=60) for _ in range(8))
    )
    later = await claim(tenant.api.owner, new_uuid7(), lease=60)

    claimed = [job.id for job in (*claims, later) if job is not None]
    assert sorted(claimed) == sorted([jobs[0], jobs[2]])


async def test_a_worker_that_loses_the_race_for_a_tenant_gets_nothing(tenant: TenantTeam):
    """It looks for another job while one of the tenant is being claimed, and finds the next."""
    for _ in range(2):
        await create_job(tenant)
    async with tenant.api.owner.tx() as tx:
        first = await claim(tx, new_uuid7(), lease=60)
        second = asyncio.create_task(claim(tenant.api.owner, new_uuid7(), lease=60))
        await tenant.api.wait_for_blocked_queries(1)

    assert first is not None
    assert await second is None


async def test_the_next_job_of_a_tenant_follows(tenant: TenantTeam):
    """Jobs of a tenant run in the order of their creation."""
    jobs = sorted([await create_job(tenant) for _ in range(2)])

    assert await run_jobs(tenant.api) == 2
    assert [await state_of(tenant, job) for job in jobs] == [("done", 0), ("failed", 2)]


async def test_a_dead_worker_is_replaced(tenant: TenantTeam):
    """Its job is claimed again once the lease has expired, and not before."""
    job = await create_job(tenant)
    await claim(tenant.api.owner, new_uuid7(), lease=60)

    assert await run_jobs(tenant.api) == 0
    await expire_leases(tenant)
    assert await run_jobs(tenant.api) == 1

    assert await state_of(tenant, job) == ("done", 0)
    assert len(await new_users(tenant)) == 2


async def test_a_replaced_worker_cannot_commit(tenant: TenantTeam, monkeypatch: pytest.MonkeyPatch):
    """A worker that stalled longer than its lease changes nothing; another imports the file."""
    job = await create_job(tenant)
    claimed: list[queue.Job | None] = []

    async def stall() -> None:
        if not claimed:
            await expire_leases(tenant)
            claimed.append(await claim(tenant.api.owner, new_uuid7(), lease=60))

    after_reading(monkeypatch, stall)
    stalled = Worker(tenant.api.app.state.settings, renew_every=LIMIT)
    await stalled.run_next(tenant.api.owner)

    assert claimed[0] is not None
    assert claimed[0].id == job
    assert await new_users(tenant) == {}
    assert await state_of(tenant, job) == ("running", 0)
    await expire_leases(tenant)
    await run_jobs(tenant.api)
    assert await state_of(tenant, job) == ("done", 0)
    assert len(await new_users(tenant)) == 2


async def test_cancel_a_running_import(tenant: TenantTeam, monkeypatch: pytest.MonkeyPatch):
    """Its rows are not committed, although all are written."""
    job = await create_job(tenant)
    after_reading(monkeypatch, lambda: tenant.admin.delete(path_of(tenant, job)))

    await Worker(tenant.api.app.state.settings, renew_every=LIMIT).run_next(tenant.api.owner)

    assert await state_of(tenant, job) == ("cancelled", 0)
    assert await new_users(tenant) == {}
    assert await tenant.api.owner.importchunk.count() == 0


async def test_a_worker_notices_that_it_was_cancelled(
    tenant: TenantTeam, monkeypatch: pytest.MonkeyPatch
):
    """It does not read the file to its end."""
    job = await create_job(tenant)

    async def cancel_and_hang() -> None:
        await tenant.admin.delete(path_of(tenant, job))
        await asyncio.Event().wait()

    after_reading(monkeypatch, cancel_and_hang)
    async with asyncio.timeout(LIMIT):
        await Worker(tenant.api.app.state.settings, renew_every=0.01).run_next(tenant.api.owner)

    assert await state_of(tenant, job) == ("cancelled", 0)
    assert await new_users(tenant) == {}


async def test_cancel_a_queued_import(tenant: TenantTeam):
    """It never runs; what has ended cannot be cancelled."""
    job = await create_job(tenant)

    cancelled = await tenant.admin.delete(path_of(tenant, job))
    again = await tenant.admin.delete(path_of(tenant, job))

    assert cancelled.status_code == 204
    assert (again.status_code, again.json()["code"]) == (409, "import_finished")
    assert await run_jobs(tenant.api) == 0
    assert await tenant.actions() == ["import.cancelled"]


async def test_progress_is_visible(tenant: TenantTeam, monkeypatch: pytest.MonkeyPatch):
    """While the transaction is open, the job says how many lines were read."""
    job = await create_job(tenant)
    seen: list[dict[str, Any]] = []

    async def wait_for_progress() -> None:
        while not seen or seen[-1]["linesRead"] == 0:
            seen.append((await tenant.admin.get(path_of(tenant, job))).json())

    after_reading(monkeypatch, wait_for_progress)
    async with asyncio.timeout(LIMIT):
        await Worker(tenant.api.app.state.settings, renew_every=0.01).run_next(tenant.api.owner)

    assert (seen[-1]["state"], seen[-1]["linesRead"]) == ("running", 3)
    assert await state_of(tenant, job) == ("done", 0)


async def test_faults_of_the_service_are_retried(
    tenant: TenantTeam, monkeypatch: pytest.MonkeyPatch
):
    """At once, and a few times; then the import fails and says so."""
    job = await create_job(tenant)
    attempts: list[int] = []

    async def fail() -> None:
        attempts.append(1)
        raise RuntimeError("a bug")

    after_reading(monkeypatch, fail)
    await run_jobs(tenant.api)

    assert len(attempts) == queue.MAX_ATTEMPTS
    assert await state_of(tenant, job) == ("failed", 1)
    assert await new_users(tenant) == {}


async def test_a_file_that_kills_workers_is_given_up(tenant: TenantTeam):
    """After some attempts no other worker dies of it."""
    job = await create_job(tenant)
    for _ in range(queue.MAX_ATTEMPTS):
        await claim(tenant.api.owner, new_uuid7(), lease=60)
        await expire_leases(tenant)

    await run_jobs(tenant.api)

    assert await state_of(tenant, job) == ("failed", 1)
    assert await new_users(tenant) == {}


@pytest.mark.parametrize("is_deleted", [True, False])
async def test_the_administrator_must_still_be_one(tenant: TenantTeam, is_deleted: bool):
    """An import of somebody who was deleted or lowered meanwhile changes nothing."""
    job = await create_job(tenant)
    kept = await tenant.joined("kept", TenantUserRole.ADMIN)
    if is_deleted:
        await tenant.api.owner.tenantuser.delete(where={"id": tenant.admin.id})
    else:
        await tenant.api.owner.tenantuser.update(
            where={"id": tenant.admin.id}, data={"role": TenantUserRole.STAFF}
        )

    await run_jobs(tenant.api)
    read = (await kept.get(path_of(tenant, job))).json()

    assert (read["state"], read["errorCount"]) == ("failed", 1)
    assert "zoe@example.com" not in await new_users(tenant)


async def test_uploads_are_not_claimed(tenant: TenantTeam):
    """A file that has not arrived is not imported."""
    await create_job(tenant, ImportState.uploading, USERS)

    assert await run_jobs(tenant.api) == 0


async def test_the_service_imports_in_its_background(
    tenant: TenantTeam, monkeypatch: pytest.MonkeyPatch
):
    """What is queued while a worker waits is imported too."""
    monkeypatch.setattr(worker, "POLL_EVERY", 0.01)
    jobs = [await create_job(tenant)]
    running = asyncio.create_task(RUN(Worker(tenant.api.app.state.settings), tenant.api.owner))
    try:
        async with asyncio.timeout(LIMIT):
            while await state_of(tenant, jobs[0]) != ("done", 0):
                pass
            jobs.append(await create_job(tenant))
            while await state_of(tenant, jobs[1]) != ("failed", 2):
                pass
    finally:
        await cancel_and_wait([running])
