"""Steps that the tests of import jobs share."""

from typing import Any

import httpx
from prisma import Base64, Json
from prisma.enums import ImportState

from app.imports.worker import Worker
from tests.fix_api import Api, Person
from tests.fix_tenant import TenantTeam

CSV = {"Content-Type": "text/csv; charset=utf-8"}
USERS = b"email,role\r\nzoe@example.com,ADMIN\r\nyan@example.com,\r\n"
PLANS = b"plan,day,exercise,sets,reps\r\nStart,Monday,Squat,3,10\r\n"


def path_of(tenant: TenantTeam, id_: str | None = None) -> str:
    imports = f"{tenant.path}/imports"
    return f"{imports}/{id_}" if id_ else imports


async def upload(
    person: Person, tenant: TenantTeam, data: bytes = USERS, *, kind: str = "users", **query: str
) -> httpx.Response:
    """Upload a file; return the response."""
    return await person.request(
        "POST", path_of(tenant), params={"kind": kind, **query}, content=data, headers=CSV
    )


async def run_jobs(api: Api) -> int:
    """Run all jobs that are queued, as a worker does; return how many there were."""
    worker, count = Worker(api.app.state.settings), 0
    while await worker.run_next(api.owner):
        count += 1
    return count


async def import_file(
    tenant: TenantTeam, data: bytes, *, kind: str = "users", **query: str
) -> dict[str, Any]:
    """Upload a file and import it; return the import as it ended."""
    queued = await upload(tenant.admin, tenant, data, kind=kind, **query)
    assert queued.status_code == 202, queued.text
    await run_jobs(tenant.api)
    return (await tenant.admin.get(path_of(tenant, queued.json()["id"]))).json()


async def create_job(
    tenant: TenantTeam, state: ImportState = ImportState.queued, data: bytes = USERS
) -> str:
    """Create a job with its file in the database; return its id."""
    job = await tenant.api.owner.importjob.create(
        {
            "tenantId": tenant.id,
            "createdById": tenant.admin.id,
            "kind": "users",
            "options": Json({}),
            "state": state,
        }
    )
    await tenant.api.owner.importchunk.create(
        {"tenantId": tenant.id, "jobId": job.id, "position": 0, "data": Base64.encode(data)}
    )
    return job.id


async def emails(tenant: TenantTeam) -> dict[str, str]:
    """Return the role of each user of the tenant, by address."""
    users = await tenant.api.owner.tenantuser.find_many(where={"tenantId": tenant.id})
    return {user.email: user.role for user in users}


async def new_users(tenant: TenantTeam) -> dict[str, str]:
    """Return those of `emails` that an import created."""
    known = {tenant.admin.email, tenant.staff.email}
    return {email: role for email, role in (await emails(tenant)).items() if email not in known}
