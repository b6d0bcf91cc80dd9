"""What the tests know about the routes of app/workout_plans."""

from collections.abc import AsyncIterator, Mapping

from tests.domains import Domain, Request, new_uuid
from tests.fix_api import Person
from tests.fix_team import Team
from tests.workout_plans.plans import PLAN, create_plan, create_version, path_of
from tests.workout_plans.roles import ROLES_OF_PAGE

# Plans must have their shape, since responses check it.
_STORED = """
    jsonb_build_object('title', 'Plan', 'days', jsonb_build_array(jsonb_build_object(
        'name', 'Monday', 'exercises', jsonb_build_array(
            jsonb_build_object('name', 'Squat', 'sets', 3, 'reps', 10)
        )
    )))
"""


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    tenant = team.tenant
    id_ = await create_plan(tenant)
    path, body = path_of(tenant, id_), {"plan": PLAN, "userId": tenant.admin.id}
    yield "create_workout_plan", lambda: tenant.staff.post(path_of(tenant), body)
    yield "list_workout_plans", lambda: tenant.staff.get(path_of(tenant))
    yield "read_workout_plan", lambda: tenant.staff.get(path)
    yield "replace_workout_plan", lambda: tenant.staff.put(path, body)
    yield "list_workout_plan_versions", lambda: tenant.staff.get(f"{path}/versions")
    yield "read_workout_plan_version", lambda: tenant.staff.get(f"{path}/versions/1")
    yield "delete_workout_plan", lambda: tenant.admin.delete(path)


async def _make_rows(team: Team, _: Person) -> Mapping[str, str]:
    await create_plan(team.tenant, f"Plan of {team.name}")
    id_ = await create_plan(team.tenant, f"Other plan of {team.name}", team.tenant.staff.id)
    for version in (1, 2):
        await create_version(team.tenant, id_, version)
    return {"planId": id_, "version": "1"}


DOMAIN = Domain(
    statements={
        "create_workout_plan": 6,
        "list_workout_plans": 2,
        "read_workout_plan": 2,
        "replace_workout_plan": 10,
        "delete_workout_plan": 7,
        "list_workout_plan_versions": 3,
        "read_workout_plan_version": 3,
    },
    requests=_requests,
    audited={
        "create_workout_plan": ("workout_plan.created",),
        "replace_workout_plan": ("workout_plan.replaced",),
        "delete_workout_plan": ("workout_plan.deleted",),
    },
    roles=ROLES_OF_PAGE,
    parameters={"planId": new_uuid, "version": lambda: "7"},
    make_rows=_make_rows,
    bodies={
        "create_workout_plan": lambda _: {"plan": PLAN},
        "replace_workout_plan": lambda _: {"plan": PLAN, "userId": None},
    },
    lists={
        "list_workout_plans": ("{tenant}",),
        "list_workout_plan_versions": ("{tenant}", "{planId}"),
    },
    many_rows=f"""
        INSERT INTO "WorkoutPlan" (id, "tenantId", plan)
        SELECT gen_random_uuid(), tenant, {_STORED} FROM work;
        INSERT INTO "WorkoutPlanVersion"
            (id, "tenantId", "workoutPlanId", version, plan, "createdAt")
        SELECT gen_random_uuid(), '{{tenant}}', '{{planId}}', 10 + row_number() OVER (),
            {_STORED}, now()
        FROM work WHERE tenant = '{{tenant}}';
    """,
)
