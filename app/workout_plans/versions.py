"""The earlier versions of workout plans."""

from prisma.actions import WorkoutPlanVersionActions
from prisma.types import WorkoutPlanVersionWhereInput

from app.db import prisma
from app.http.pages import Page, PageRequest
from app.kit.numbers import to_count
from app.tenants import TenantScope
from app.workout_plans import rules
from app.workout_plans.errors import version_not_found
from app.workout_plans.schemas import WorkoutPlanVersionView

_versions = WorkoutPlanVersionActions(prisma, WorkoutPlanVersionView)


async def list_versions(
    scope: TenantScope, pages: PageRequest, *, plan: str
) -> Page[WorkoutPlanVersionView]:
    """Return the earlier versions of a plan, newest first; raise 404 if there is no such plan."""
    await rules.read(scope, id_=plan)
    list_ = f"versions of {plan} in {scope.id}"
    where: WorkoutPlanVersionWhereInput = {**scope.where, "workoutPlanId": plan}
    if after := pages.after_number(list_):
        where["version"] = {"lt": after}
    rows = await _versions.find_many(where=where, order={"version": "desc"}, take=pages.take + 1)
    return pages.page(list_, rows, text=lambda row: str(row.version))


async def read_version(scope: TenantScope, *, plan: str, version: str) -> WorkoutPlanVersionView:
    """Return an earlier version of a plan; raise 404 if there is none."""
    await rules.read(scope, id_=plan)
    found, number = None, to_count(version)
    if number is not None:
        found = await _versions.find_first(
            where={**scope.where, "workoutPlanId": plan, "version": number}
        )
    if found is None:
        raise version_not_found()
    return found
