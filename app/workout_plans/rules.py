"""Workout plans: creating, listing, replacing and deleting them."""

from datetime import datetime
from typing import Any

from prisma import Json, Prisma
from prisma.actions import WorkoutPlanActions
from prisma.enums import TenantUserRole
from prisma.errors import ForeignKeyViolationError
from prisma.types import WorkoutPlanWhereInput
from pydantic import BaseModel

from app.db import prisma
from app.http.pages import Page
from app.kit.ids import is_uuid
from app.tenants import TenantScope, in_tenant, record_event, tenant_transaction
from app.workout_plans.errors import plan_not_found, user_not_found, version_conflict
from app.workout_plans.plans import Plan
from app.workout_plans.schemas import ReplacedWorkoutPlan, WorkoutPlansRequest, WorkoutPlanView

_plans = WorkoutPlanActions(prisma, WorkoutPlanView)

# Raw, because Prisma has no row locks. Versions are counted under the first.
_LOCK = """
    SELECT "version", "plan", "updatedAt" FROM "WorkoutPlan"
    WHERE "tenantId" = $1::uuid AND "id" = $2::uuid FOR UPDATE
"""
_LOCK_USER = """
    SELECT 1 AS "found" FROM "TenantUser"
    WHERE "tenantId" = $1::uuid AND "id" = $2::uuid FOR KEY SHARE
"""


class _LockedPlan(BaseModel):
    version: int
    plan: Any
    updatedAt: datetime


async def list_plans(scope: TenantScope, pages: WorkoutPlansRequest) -> Page[WorkoutPlanView]:
    """Return the plans of the tenant or of one of its users, newest first."""
    list_ = f"workout plans of {scope.id} for {pages.userId}"
    where: WorkoutPlanWhereInput = {**scope.where}
    if pages.userId is not None:
        where["userId"] = str(pages.userId)
    if after := pages.after(list_):
        where["id"] = {"lt": after}
    rows = await _plans.find_many(where=where, order={"id": "desc"}, take=pages.take + 1)
    return pages.page(list_, rows)


async def read(scope: TenantScope, *, id_: str) -> WorkoutPlanView:
    """Return a plan; raise 404 if there is none."""
    found = await _plans.find_first(where=_one(scope, id_))
    if found is None:
        raise plan_not_found()
    return found


async def create(scope: TenantScope, *, plan: Plan, user: str | None) -> WorkoutPlanView:
    """Create the first version of a plan."""
    async with prisma.tx() as tx:
        await _lock_user(tx, scope, user)
        try:
            made = await WorkoutPlanActions(tx, WorkoutPlanView).create(
                {**scope.where, "userId": user, "plan": _stored(plan)}
            )
        except ForeignKeyViolationError:  # the tenant was deleted meanwhile
            raise scope.not_found() from None
        await record_event(tx, scope, "workout_plan.created", subject=made.id, title=plan.title)
    return made


async def replace(scope: TenantScope, *, id_: str, body: ReplacedWorkoutPlan) -> WorkoutPlanView:
    """Replace a plan and keep the former one as an earlier version."""
    user = str(body.userId) if body.userId else None
    async with prisma.tx() as tx:
        await _lock_user(tx, scope, user)
        former = await _lock(tx, scope, id_)
        if body.ifVersion not in (None, former.version):
            raise version_conflict(former.version)
        await tx.workoutplanversion.create_many(
            data=[
                {
                    **scope.where,
                    "workoutPlanId": id_,
                    "version": former.version,
                    "plan": Json(former.plan),
                    "createdAt": former.updatedAt,
                }
            ]
        )
        replaced = await WorkoutPlanActions(tx, WorkoutPlanView).update(
            where={"tenantId_id": {**scope.where, "id": id_}},
            data={
                "plan": _stored(body.plan),
                "version": former.version + 1,
                "user": {"connect": {"id": user}} if user else {"disconnect": True},
            },
        )
        if replaced is None:
            raise plan_not_found()
        await record_event(
            tx,
            scope,
            "workout_plan.replaced",
            subject=id_,
            title=body.plan.title,
            version=replaced.version,
        )
    return replaced


async def delete(scope: TenantScope, *, id_: str) -> None:
    """Delete a plan with its earlier versions."""
    where = _one(scope, id_)
    async with tenant_transaction(scope, min_role=TenantUserRole.ADMIN) as transaction:
        if not await transaction.tx.workoutplan.delete_many(where=where):
            raise plan_not_found()
        await transaction.record("workout_plan.deleted", subject=id_)


def _one(scope: TenantScope, id_: str) -> WorkoutPlanWhereInput:
    """Return the condition for one plan; raise 404 if the id is malformed."""
    if not is_uuid(id_):
        raise plan_not_found()
    return {**in_tenant(scope.id), "id": id_}


async def _lock(tx: Prisma, scope: TenantScope, id_: str) -> _LockedPlan:
    """Lock a plan until the transaction ends, and return it; raise 404 if there is none."""
    found = await tx.query_raw(_LOCK, scope.id, id_) if is_uuid(id_) else []
    if not found:
        raise plan_not_found()
    return _LockedPlan.model_validate(found[0])


async def _lock_user(tx: Prisma, scope: TenantScope, user: str | None) -> None:
    """Lock the user for whom a plan is, before the plan; raise 404 if the tenant has no such user.

    Deleting a user takes these locks in the same order.
    """
    if user is not None and not await tx.query_raw(_LOCK_USER, scope.id, user):
        raise user_not_found()


def _stored(plan: Plan) -> Json:
    return Json(plan.model_dump(exclude_none=True))
