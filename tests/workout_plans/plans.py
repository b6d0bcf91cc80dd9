"""Steps that the tests of workout plans share."""

from typing import Any

from prisma import Json

from tests.fix_tenant import TenantTeam

PLAN: dict[str, Any] = {
    "title": "Full body",
    "goal": "Strength",
    "days": [
        {
            "name": "Monday",
            "exercises": [
                {
                    "name": "Squat",
                    "sets": 3,
                    "reps": 10,
                    "weightKg": 42.5,
                    "restSeconds": 90,
                    "notes": "Slowly",
                },
                {"name": "Row", "sets": 4, "reps": 8},
            ],
        }
    ],
}


def plan_called(title: str) -> dict[str, Any]:
    """Return a plan with another title."""
    return {**PLAN, "title": title}


def path_of(tenant: TenantTeam, id_: str | None = None) -> str:
    plans = f"{tenant.path}/workout-plans"
    return f"{plans}/{id_}" if id_ else plans


async def create_plan(tenant: TenantTeam, title: str = "Full body", user: str | None = None) -> str:
    """Create a plan in the database; return its id."""
    plan = await tenant.api.owner.workoutplan.create(
        {"tenantId": tenant.id, "userId": user, "plan": Json(plan_called(title))}
    )
    return plan.id


async def create_version(tenant: TenantTeam, plan: str, version: int) -> None:
    """Create an earlier version of a plan in the database, so that the plan is the next one."""
    made = await tenant.api.owner.workoutplan.update(
        where={"id": plan}, data={"version": version + 1}
    )
    assert made
    await tenant.api.owner.workoutplanversion.create(
        {
            "tenantId": tenant.id,
            "workoutPlanId": plan,
            "version": version,
            "plan": Json(plan_called(f"Version {version}")),
            "createdAt": made.createdAt,
        }
    )
