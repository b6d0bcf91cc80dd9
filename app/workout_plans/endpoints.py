"""HTTP routes of workout plans and their earlier versions."""

from typing import Annotated

from fastapi import Path, Query

from app.http.description import domain_router
from app.http.pages import Page, Pagination
from app.http.problems import problems
from app.tenants import TenantAdminScope, TenantStaffScope
from app.workout_plans import rules, versions
from app.workout_plans.schemas import (
    NewWorkoutPlan,
    ReplacedWorkoutPlan,
    WorkoutPlansRequest,
    WorkoutPlanVersionView,
    WorkoutPlanView,
)

router = domain_router()
_ALL = "/tenants/{tenantId}/workout-plans"
_ONE = f"{_ALL}/{{planId}}"
_TAG = "tenants: workout plans"

PlanId = Annotated[str, Path(alias="planId", description="A UUID.")]
Version = Annotated[str, Path(alias="version", description="A number, from 1.")]


@router.get(_ONE, tags=[_TAG])
async def read_workout_plan(scope: TenantStaffScope, plan_id: PlanId) -> WorkoutPlanView:
    """Return a workout plan."""
    return await rules.read(scope, id_=plan_id)


@router.get(_ALL, tags=[_TAG])
async def list_workout_plans(
    scope: TenantStaffScope, pages: Annotated[WorkoutPlansRequest, Query()]
) -> Page[WorkoutPlanView]:
    """List the workout plans, newest first."""
    return await rules.list_plans(scope, pages)


@router.post(_ALL, tags=[_TAG], status_code=201)
async def create_workout_plan(scope: TenantStaffScope, body: NewWorkoutPlan) -> WorkoutPlanView:
    """Create a workout plan, for a user of the tenant or for nobody in particular."""
    user = str(body.userId) if body.userId else None
    return await rules.create(scope, plan=body.plan, user=user)


@router.put(_ONE, tags=[_TAG], responses=problems(409))
async def replace_workout_plan(
    scope: TenantStaffScope, plan_id: PlanId, body: ReplacedWorkoutPlan
) -> WorkoutPlanView:
    """Replace a workout plan; the former one stays as an earlier version."""
    return await rules.replace(scope, id_=plan_id, body=body)


@router.delete(_ONE, tags=[_TAG], status_code=204)
async def delete_workout_plan(scope: TenantAdminScope, plan_id: PlanId) -> None:
    """Delete a workout plan with its earlier versions."""
    await rules.delete(scope, id_=plan_id)


@router.get(f"{_ONE}/versions", tags=[_TAG])
async def list_workout_plan_versions(
    scope: TenantStaffScope, plan_id: PlanId, pages: Pagination
) -> Page[WorkoutPlanVersionView]:
    """List the earlier versions of a workout plan, newest first."""
    return await versions.list_versions(scope, pages, plan=plan_id)


@router.get(f"{_ONE}/versions/{{version}}", tags=[_TAG])
async def read_workout_plan_version(
    scope: TenantStaffScope, plan_id: PlanId, version: Version
) -> WorkoutPlanVersionView:
    """Return an earlier version of a workout plan."""
    return await versions.read_version(scope, plan=plan_id, version=version)
