"""What the tests know about the routes of app/imports."""

from collections.abc import AsyncIterator, Mapping

from prisma import Base64, Json, Prisma
from prisma.enums import ImportState

from tests.domains import Domain, Holder, PolicyRows, Request, World, new_uuid
from tests.fix_api import Person
from tests.fix_team import Team
from tests.imports.jobs import create_job, path_of, upload
from tests.imports.roles import ROLES_OF_PAGE


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    tenant = team.tenant
    job = await create_job(tenant)
    yield "create_import", lambda: upload(tenant.admin, tenant)
    yield "list_imports", lambda: tenant.admin.get(path_of(tenant))
    yield "read_import", lambda: tenant.admin.get(path_of(tenant, job))
    yield "cancel_import", lambda: tenant.admin.delete(path_of(tenant, job))
    yield "export_users", lambda: tenant.admin.get(f"{tenant.path}/exports/users.csv")
    yield (
        "export_workout_plans",
        lambda: tenant.admin.get(f"{tenant.path}/exports/workout-plans.csv"),
    )


async def _make_rows(team: Team, _: Person) -> Mapping[str, str]:
    await create_job(team.tenant, ImportState.done)
    return {"importId": await create_job(team.tenant)}


async def _create(owner: Prisma, holder: Holder) -> None:
    job = await owner.importjob.create(
        {"tenantId": holder.tenant, "kind": "users", "options": Json({})}
    )
    await owner.importchunk.create(
        {"tenantId": holder.tenant, "jobId": job.id, "position": 0, "data": Base64.encode(b"x")}
    )


async def _add_chunk_to_bobs(world: World) -> None:
    await world.client.importchunk.create(
        {
            "tenantId": world.bob.tenant,
            "jobId": new_uuid(),
            "position": 1,
            "data": Base64.encode(b"x"),
        }
    )


DOMAIN = Domain(
    statements={
        "create_import": 13,
        "list_imports": 2,
        "read_import": 2,
        "cancel_import": 6,
        "export_users": 6,
        "export_workout_plans": 5,
    },
    requests=_requests,
    audited={
        "create_import": ("import.queued",),
        "cancel_import": ("import.cancelled",),
        "export_users": ("users.exported",),
        "export_workout_plans": ("workout_plans.exported",),
    },
    roles=ROLES_OF_PAGE,
    parameters={"importId": new_uuid},
    make_rows=_make_rows,
    queries={"create_import": "kind=users"},
    bodies={"create_import": lambda _: "email\nzoe@example.com\n"},
    lists={"list_imports": ("{tenant}",)},
    many_rows="""
        INSERT INTO "ImportJob" (id, "tenantId", kind, options)
        SELECT gen_random_uuid(), tenant, 'users', '{}' FROM work;
        INSERT INTO "ImportChunk" ("tenantId", "jobId", position, data)
        SELECT "tenantId", id, 1, '' FROM "ImportJob";
    """,
    policy_rows=PolicyRows(
        create=_create,
        seen_in_tenant={"ImportJob": 1, "ImportChunk": 1},
        forged={
            "import": lambda world: world.client.importjob.create(
                {"tenantId": world.bob.tenant, "kind": "users", "options": Json({})}
            ),
            "chunk of an import": _add_chunk_to_bobs,
        },
    ),
)
