"""Exports through HTTP: complete, harmless in a spreadsheet, read back by an import."""

import csv
import io

import pytest

from app.imports import exports
from tests.fix_team import Team
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.imports.jobs import emails, import_file
from tests.workout_plans.plans import PLAN, create_plan


@pytest.fixture
async def tenant(team: Team) -> TenantTeam:
    return team.tenant


async def export(tenant: TenantTeam, name: str) -> bytes:
    answer = await tenant.admin.get(f"{tenant.path}/exports/{name}.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
    return answer.content


def read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


async def test_users(tenant: TenantTeam, monkeypatch: pytest.MonkeyPatch):
    """All users of the tenant and no others, whatever the batches; the export is audited."""
    monkeypatch.setattr(exports, "BATCH", 1)
    await make_tenant_team(tenant.api, "other")

    content = await export(tenant, "users")

    assert content.startswith(b"\xef\xbb\xbf")
    header, *rows = read_csv(content)
    assert header == ["email", "role"]
    assert dict(rows) == await emails(tenant)
    assert await tenant.actions() == ["users.exported"]


async def test_users_are_read_back(tenant: TenantTeam):
    """Another tenant imports them with their roles, also an address that looks like a formula."""
    await tenant.joined("=1+1")
    other = await make_tenant_team(tenant.api, "other")

    content = await export(tenant, "users")
    done = await import_file(other, content)

    assert b"\"'=1+1." in content
    assert (done["state"], done["created"]) == ("done", 3)
    assert (await emails(tenant)).items() <= (await emails(other)).items()


async def test_workout_plans_are_read_back(tenant: TenantTeam, monkeypatch: pytest.MonkeyPatch):
    """Nothing of them is lost, however dangerous their texts are."""
    monkeypatch.setattr(exports, "BATCH", 1)
    texts = ["=1+1", "@SUM(A1)", "'=1", 'a";=1', "x,-2", "Üben 💪", "'quoted'", "+49"]
    wicked = {
        "title": "=HYPERLINK(1)",
        "goal": "-1\n=2\t=3",
        "days": [
            {
                "name": text,
                "exercises": [
                    {"name": text, "sets": 3, "reps": 10, "weightKg": 0.5, "notes": text},
                    {"name": text, "sets": 1, "reps": 1, "weightKg": 100.0, "restSeconds": 0},
                ],
            }
            for text in texts
        ],
    }
    for plan in (wicked, PLAN):
        body = {"plan": plan, "userId": None if plan is PLAN else tenant.staff.id}
        assert (await tenant.staff.post(f"{tenant.path}/workout-plans", body)).status_code == 201

    content = await export(tenant, "workout-plans")
    before = (await tenant.staff.get(f"{tenant.path}/workout-plans")).json()["items"]
    await tenant.api.owner.workoutplan.delete_many()
    done = await import_file(tenant, content, kind="workout-plans")
    after = (await tenant.staff.get(f"{tenant.path}/workout-plans")).json()["items"]

    assert done["errors"] == []
    assert sorted((plan["plan"] for plan in after), key=str) == sorted(
        (plan["plan"] for plan in before), key=str
    )
    assert {plan["userId"] for plan in after} == {tenant.staff.id, None}


async def test_no_cell_is_a_formula(tenant: TenantTeam):
    """As a spreadsheet reads the file."""
    await create_plan(tenant, "=cmd|' /C calc'!A0")

    rows = read_csv(await export(tenant, "workout-plans"))

    assert rows[1][0] == "'=cmd|' /C calc'!A0"
