"""Imports through HTTP: upload, what a worker does with it, and what it reports."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from prisma import Json
from prisma.enums import ImportState, TenantIntegrationType

from app.imports import rules, uploads
from app.imports.reading import MAX_BYTES, MAX_LINES
from app.operations.sweeps import sweep
from tests.fix_team import Team
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.imports.jobs import (
    CSV,
    USERS,
    create_job,
    emails,
    import_file,
    new_users,
    path_of,
    run_jobs,
    upload,
)


@pytest.fixture
async def tenant(team: Team) -> TenantTeam:
    return team.tenant


async def test_users(tenant: TenantTeam):
    """They are in the tenant once the import is done, without a password; its file is deleted."""
    queued = await upload(tenant.admin, tenant)
    before = await new_users(tenant)
    await run_jobs(tenant.api)
    done = (await tenant.admin.get(path_of(tenant, queued.json()["id"]))).json()

    assert queued.status_code == 202
    assert (queued.json()["state"], queued.json()["linesTotal"], before) == ("queued", 3, {})
    assert done.pop("finishedAt") is not None
    assert done == {
        **{key: value for key, value in queued.json().items() if key != "finishedAt"},
        "state": "done",
        "linesRead": 3,
        "created": 2,
    }
    assert await new_users(tenant) == {"zoe@example.com": "ADMIN", "yan@example.com": "STAFF"}
    zoe = await tenant.api.owner.tenantuser.find_first_or_raise(where={"email": "zoe@example.com"})
    assert (zoe.tenantId, zoe.passwordHash) == (tenant.id, None)
    assert await tenant.api.owner.importchunk.count() == 0
    assert await tenant.actions() == ["import.queued", "users.imported"]


async def test_one_fault_imports_nothing(tenant: TenantTeam):
    """All faults are reported, those of the file and those of the tenant."""
    failed = await import_file(
        tenant, USERS + f"nobody,STAFF\r\n{tenant.staff.email},ADMIN\r\n".encode()
    )

    assert (failed["state"], failed["created"], failed["errorCount"]) == ("failed", 0, 2)
    assert [(each["line"], each["column"]) for each in failed["errors"]] == [
        (4, "email"),
        (5, "email"),
    ]
    assert failed["errors"][1]["message"] == "The tenant has a user of this address."
    assert await new_users(tenant) == {}
    assert (await emails(tenant))[tenant.staff.email] == "STAFF"
    assert await tenant.api.owner.importchunk.count() == 0
    assert await tenant.actions() == ["import.queued"]


@pytest.mark.parametrize(
    ("on_existing", "role", "counts"),
    [("skip", "STAFF", (2, 0, 2)), ("update", "ADMIN", (2, 1, 1))],
)
async def test_existing_users(
    tenant: TenantTeam, on_existing: str, role: str, counts: tuple[int, int, int]
):
    """They are left alone, or get the role of the file if it has one."""
    data = USERS + f"{tenant.staff.email},ADMIN\r\n{tenant.admin.email},\r\n".encode()

    done = await import_file(tenant, data, onExisting=on_existing)

    assert (done["created"], done["updated"], done["skipped"]) == counts
    assert (await emails(tenant))[tenant.staff.email] == role
    assert (await emails(tenant))[tenant.admin.email] == "ADMIN"


async def test_an_administrator_remains(tenant: TenantTeam):
    """An update that would leave none is refused; one that names another is not."""
    lowering = f"email,role\r\n{tenant.admin.email},STAFF\r\n"
    replacing = f"{lowering}{tenant.staff.email},ADMIN\r\n"

    refused = await import_file(tenant, lowering.encode(), onExisting="update")
    kept = await emails(tenant)
    queued = await upload(tenant.admin, tenant, replacing.encode(), onExisting="update")
    await run_jobs(tenant.api)

    assert (refused["state"], kept[tenant.admin.email]) == ("failed", "ADMIN")
    assert "no administrator" in refused["errors"][0]["message"]
    assert queued.status_code == 202
    assert await emails(tenant) == {tenant.admin.email: "STAFF", tenant.staff.email: "ADMIN"}


async def test_an_address_of_another_tenant_is_free(tenant: TenantTeam):
    """The same person may be a user of both, and the other one stays as they are."""
    other = await make_tenant_team(tenant.api, "other")

    done = await import_file(
        tenant, f"email,role\r\n{other.staff.email},ADMIN\r\n".encode(), onExisting="update"
    )

    assert (done["created"], done["updated"]) == (1, 0)
    assert (await other.roles())[other.staff.id] == "STAFF"


async def test_workout_plans(tenant: TenantTeam):
    """They are for the users whose addresses they name."""
    data = (
        "plan,userEmail,day,exercise,sets,reps\r\n"
        f"Start,{tenant.staff.email},Monday,Squat,3,10\r\n"
        f"Start,{tenant.staff.email},Monday,Row,3,10\r\n"
        "Start,,Monday,Squat,3,10\r\n"
    )

    done = await import_file(tenant, data.encode(), kind="workout-plans")
    plans = (await tenant.staff.get(f"{tenant.path}/workout-plans")).json()["items"]

    assert (done["state"], done["created"]) == ("done", 2)
    assert {plan["userId"]: len(plan["plan"]["days"][0]["exercises"]) for plan in plans} == {
        tenant.staff.id: 2,
        None: 1,
    }
    assert await tenant.actions() == ["import.queued", "workout_plans.imported"]


async def test_plans_for_unknown_users(tenant: TenantTeam):
    """A user of another tenant is as unknown as an address of nobody."""
    other = await make_tenant_team(tenant.api, "other")
    lines = "".join(
        f"P,{email},Monday,Squat,3,10\r\n" for email in (other.staff.email, "no@example.com")
    )

    failed = await import_file(
        tenant,
        f"plan,userEmail,day,exercise,sets,reps\r\n{lines}".encode(),
        kind="workout-plans",
    )

    assert [(each["line"], each["column"]) for each in failed["errors"]] == [
        (2, "userEmail"),
        (3, "userEmail"),
    ]
    assert await tenant.api.owner.workoutplan.count() == 0


async def test_the_integration_describes_the_file(tenant: TenantTeam):
    """A request may have another delimiter and encoding; an inactive integration has none."""
    config: dict[str, Any] = {
        "delimiter": ";",
        "encoding": "windows-1252",
        "mapping": {"email": "Größe"},
    }
    await tenant.api.owner.tenantintegration.create(
        {"tenantId": tenant.id, "type": TenantIntegrationType.CSV, "config": Json(config)}
    )
    text = "Größe;role\r\nzoe@example.com;ADMIN\r\n"

    done = await import_file(tenant, text.encode("cp1252"))
    other = await import_file(
        tenant, text.replace("zoe", "yan").encode().replace(b";", b","), encoding="utf-8",
        delimiter=",",
    )  # fmt: skip
    await tenant.api.owner.tenantintegration.update_many(where={}, data={"active": False})
    unknown = await import_file(tenant, text.encode())

    assert (done["state"], other["state"]) == ("done", "done")
    assert "Unknown columns" in unknown["errors"][0]["message"]


async def test_large_files_arrive_in_chunks(tenant: TenantTeam, monkeypatch: pytest.MonkeyPatch):
    """What the network splits is stored in equal chunks and read as one file."""
    monkeypatch.setattr(uploads, "CHUNK_BYTES", 10)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(USERS), 3):
            yield USERS[start : start + 3]

    queued = await tenant.admin.request(
        "POST", path_of(tenant), params={"kind": "users"}, content=pieces(), headers=CSV
    )
    chunks = await tenant.api.owner.importchunk.find_many(order={"position": "asc"})
    await run_jobs(tenant.api)

    assert queued.status_code == 202
    assert b"".join(chunk.data.decode() for chunk in chunks) == USERS
    assert {len(chunk.data.decode()) for chunk in chunks[:-1]} == {10}
    assert len(await new_users(tenant)) == 2


async def test_the_order_of_chunks_is_theirs(tenant: TenantTeam, monkeypatch: pytest.MonkeyPatch):
    """More than nine chunks are not read in the order of their digits."""
    monkeypatch.setattr(uploads, "CHUNK_BYTES", 1)

    assert (await import_file(tenant, USERS))["created"] == 2


@pytest.mark.parametrize(
    ("headers", "query", "code", "status"),
    [
        ({"Content-Type": "application/json"}, {"kind": "users"}, "wrong_media_type", 415),
        ({}, {"kind": "users"}, "wrong_media_type", 415),
        (CSV, {"kind": "horses"}, "validation_failed", 422),
        (CSV, {}, "validation_failed", 422),
        (CSV, {"kind": "users", "delimiter": "|"}, "validation_failed", 422),
        (CSV, {"kind": "workout-plans", "sendLinks": "true"}, "validation_failed", 422),
        (CSV, {"kind": "workout-plans", "onExisting": "skip"}, "validation_failed", 422),
    ],
)
async def test_wrong_requests(
    tenant: TenantTeam, headers: dict[str, str], query: dict[str, str], code: str, status: int
):
    """Nothing is stored."""
    answer = await tenant.admin.request(
        "POST", path_of(tenant), params=query, content=USERS, headers=headers
    )

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await tenant.api.owner.importjob.count() == 0


async def test_too_large_files(tenant: TenantTeam):
    """Too many bytes or lines are refused as soon as they are known; nothing stays behind."""

    async def lines() -> AsyncIterator[bytes]:
        for _ in range(MAX_LINES // 1000 + 1):
            yield b"\n" * 1000

    def post(content: Any, **headers: str) -> Any:
        return tenant.admin.request(
            "POST",
            path_of(tenant),
            params={"kind": "users"},
            content=content,
            headers={**CSV, **headers},
        )

    announced = await post(b"x", **{"Content-Length": str(MAX_BYTES + 1)})
    many_lines = await post(lines())

    assert (announced.status_code, announced.json()["code"]) == (413, "body_too_long")
    assert (many_lines.status_code, many_lines.json()["code"]) == (413, "too_many_lines")
    assert await tenant.api.owner.importjob.count() == 0
    assert await tenant.api.owner.importchunk.count() == 0


async def test_a_client_that_leaves(tenant: TenantTeam):
    """Its upload is deleted."""

    async def broken() -> AsyncIterator[bytes]:
        yield USERS
        raise httpx.ReadError("the client left")

    with pytest.raises(httpx.ReadError):
        await tenant.admin.request(
            "POST", path_of(tenant), params={"kind": "users"}, content=broken(), headers=CSV
        )

    assert await tenant.api.owner.importjob.count() == 0


async def test_unfinished_imports_are_limited(tenant: TenantTeam):
    """One more is refused until one has ended; those of another tenant do not count."""
    other = await make_tenant_team(tenant.api, "other")
    for _ in range(rules.MAX_UNFINISHED - 1):
        await create_job(tenant)
    await create_job(other)
    await create_job(tenant, ImportState.done)

    last = await upload(tenant.admin, tenant)
    refused = await upload(tenant.admin, tenant)
    await tenant.admin.delete(path_of(tenant, last.json()["id"]))
    again = await upload(tenant.admin, tenant)

    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_imports")
    assert (last.status_code, again.status_code) == (202, 202)


async def test_list(tenant: TenantTeam):
    """The newest first, in pages."""
    ids = sorted([await create_job(tenant) for _ in range(3)])  # one millisecond has no order

    first = (await tenant.admin.get(f"{path_of(tenant)}?take=2")).json()
    rest = (await tenant.admin.get(f"{path_of(tenant)}?take=2&cursor={first['nextCursor']}")).json()

    assert [each["id"] for each in first["items"] + rest["items"]] == list(reversed(ids))
    assert set(first["items"][0]) == {
        "id", "createdById", "kind", "state", "linesTotal", "linesRead", "created", "updated",
        "skipped", "errorCount", "errors", "createdAt", "finishedAt",
    }  # fmt: skip


async def test_unknown_imports(tenant: TenantTeam):
    """Those of another tenant are as unknown as any."""
    other = await make_tenant_team(tenant.api, "other")
    foreign = await create_job(other)

    for id_ in (foreign, "x"):
        for method in ("GET", "DELETE"):
            answer = await tenant.admin.request(method, path_of(tenant, id_))
            assert (answer.status_code, answer.json()["code"]) == (404, "import_not_found")


async def test_sweeps(tenant: TenantTeam):
    """They delete imports after 30 days with their files, and uploads that were interrupted."""
    ages = {
        await create_job(tenant): 29 * 24,
        await create_job(tenant): 31 * 24,
        await create_job(tenant, ImportState.uploading): 2,
        await create_job(tenant, ImportState.uploading): 0,
    }
    for id_, hours in ages.items():
        await tenant.api.owner.importjob.update(
            where={"id": id_}, data={"createdAt": datetime.now(UTC) - timedelta(hours=hours)}
        )

    await sweep(tenant.api.owner, tenant.api.app.state.settings)

    jobs = await tenant.api.owner.importjob.find_many()
    assert {job.id for job in jobs} == {id_ for id_, hours in ages.items() if hours in (29 * 24, 0)}
    assert await tenant.api.owner.importchunk.count() == 2
