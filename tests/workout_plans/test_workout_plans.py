"""Workout plans through HTTP: their shape, their users, their earlier versions."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.kit.ids import FIRST_UUID
from app.workout_plans.plans import MAX_DAYS, MAX_EXERCISES
from tests.fix_api import Person
from tests.fix_cursors import moved
from tests.fix_team import Team
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.workout_plans.plans import PLAN, create_plan, create_version, path_of, plan_called

EXERCISE: dict[str, object] = {"name": "Squat", "sets": 3, "reps": 10}


@pytest.fixture
async def tenant(team: Team) -> TenantTeam:
    return team.tenant


async def replace(
    person: Person, path: str, title: str, *, user: str | None = None, **body: object
) -> Any:
    """Replace a plan; return the response."""
    return await person.put(path, {"plan": plan_called(title), "userId": user, **body})


async def test_create_and_read(tenant: TenantTeam):
    """A plan has one version, and what it was created with."""
    created = await tenant.staff.post(path_of(tenant), {"plan": PLAN, "userId": tenant.admin.id})
    read = await tenant.staff.get(path_of(tenant, created.json()["id"]))

    assert created.status_code == 201
    assert read.json() == created.json()
    plan = read.json()
    assert plan.keys() == {"id", "userId", "plan", "version", "createdAt", "updatedAt"}
    assert (plan["userId"], plan["version"]) == (tenant.admin.id, 1)
    squat, row = plan["plan"]["days"][0]["exercises"]
    assert squat == PLAN["days"][0]["exercises"][0]
    assert row == {
        "name": "Row", "sets": 4, "reps": 8, "weightKg": None, "restSeconds": None, "notes": None,
    }  # fmt: skip
    assert await tenant.actions() == ["workout_plan.created"]


def with_exercise(**changed: object) -> dict[str, Any]:
    """Return a plan of one exercise with other values."""
    return with_days([1], **changed)


def with_days(counts: Sequence[int], **changed: object) -> dict[str, Any]:
    """Return a plan with so many exercises on each day."""
    days = [{"name": "Day", "exercises": [{**EXERCISE, **changed}] * count} for count in counts]
    return {"title": "Plan", "days": days}


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ({"days": with_days([1])["days"]}, ".title"),
        (with_days([]), ".days"),
        (with_days([0]), ".days.0.exercises"),
        (with_days([1] * (MAX_DAYS + 1)), ".days"),
        (with_days([MAX_EXERCISES, 1]), ""),
        (with_exercise(sets=0), ".days.0.exercises.0.sets"),
        (with_exercise(reps=1001), ".days.0.exercises.0.reps"),
        (with_exercise(reps=2.5), ".days.0.exercises.0.reps"),
        (with_exercise(weightKg=-1), ".days.0.exercises.0.weightKg"),
        (with_exercise(restSeconds=3601), ".days.0.exercises.0.restSeconds"),
        (with_exercise(notes="x" * 501), ".days.0.exercises.0.notes"),
        (with_exercise(colour="red"), ".days.0.exercises.0.colour"),
    ],
)
async def test_the_shape_is_checked(tenant: TenantTeam, plan: dict[str, Any], field: str):
    """The problem names the field, when a plan is created and when it is replaced."""
    path = path_of(tenant, await create_plan(tenant))

    created = await tenant.staff.post(path_of(tenant), {"plan": plan})
    replaced = await tenant.staff.put(path, {"plan": plan, "userId": None})

    for answer in (created, replaced):
        assert answer.status_code == 422
        assert [each["field"] for each in answer.json()["errors"]] == [f"body.plan{field}"]


async def test_the_largest_plan(tenant: TenantTeam):
    """A plan of as many days and exercises as allowed, with all fields, fits into a body."""
    counts = [4] * (MAX_DAYS - 1)
    plan = with_days(
        [*counts, MAX_EXERCISES - sum(counts)], weightKg=7.5, restSeconds=60, notes="Slowly"
    )

    assert (await tenant.staff.post(path_of(tenant), {"plan": plan})).status_code == 201


async def test_the_user_is_one_of_the_tenant(tenant: TenantTeam):
    """A user of another tenant is as unknown as one who does not exist; nothing is written."""
    other = await make_tenant_team(tenant.api, "other")
    id_ = await create_plan(tenant)

    for user in (other.staff.id, FIRST_UUID):
        created = await tenant.staff.post(path_of(tenant), {"plan": PLAN, "userId": user})
        replaced = await replace(tenant.staff, path_of(tenant, id_), "New", user=user)
        for answer in (created, replaced):
            assert (answer.status_code, answer.json()["code"]) == (404, "user_not_found")
    plans = (await tenant.staff.get(path_of(tenant))).json()["items"]
    assert [(plan["id"], plan["version"]) for plan in plans] == [(id_, 1)]


async def test_a_plan_of_a_tenant_that_is_deleted_meanwhile(tenant: TenantTeam):
    """Whoever was its user gets 404."""
    answer = await tenant.staff_while_deleted("workout-plans", {"plan": PLAN})
    assert (answer.status_code, answer.json()["code"]) == (404, "tenant_not_found")


async def test_list_by_user(tenant: TenantTeam):
    """All plans or those of a user, newest first, in pages."""
    mine = [await create_plan(tenant, f"P{n}", tenant.staff.id) for n in range(3)]
    other = await create_plan(tenant, "Other", tenant.admin.id)

    everything = (await tenant.staff.get(path_of(tenant))).json()
    path = f"{path_of(tenant)}?userId={tenant.staff.id}&take=2"
    first = (await tenant.staff.get(path)).json()
    rest = (await tenant.staff.get(f"{path}&cursor={first['nextCursor']}")).json()

    # Sorted by id: rows created in the same millisecond may come in either order.
    every = sorted([other, *mine], reverse=True)
    assert [plan["id"] for plan in everything["items"]] == every
    assert [plan["id"] for plan in first["items"] + rest["items"]] == sorted(mine, reverse=True)
    assert rest["nextCursor"] is None


async def test_a_deleted_user_leaves_the_plan(tenant: TenantTeam):
    """It is for nobody then, and can be given to somebody else."""
    ann = await tenant.joined("ann")
    id_ = await create_plan(tenant, user=ann.id)
    await tenant.api.owner.tenantuser.delete(where={"id": ann.id})

    orphaned = (await tenant.staff.get(path_of(tenant, id_))).json()
    given = await replace(tenant.staff, path_of(tenant, id_), "New", user=tenant.admin.id)

    assert orphaned["userId"] is None
    assert given.json()["userId"] == tenant.admin.id
    taken = await replace(tenant.staff, path_of(tenant, id_), "New")
    assert taken.json()["userId"] is None


async def test_replacing_keeps_the_former_plan(tenant: TenantTeam):
    """Earlier versions are listed newest first and read by number, the current one is not."""
    id_ = await create_plan(tenant, "First")
    path = path_of(tenant, id_)
    before = (await tenant.staff.get(path)).json()

    second = await replace(tenant.staff, path, "Second")
    third = await replace(tenant.staff, path, "Third", ifVersion=2)

    assert (second.status_code, third.json()["version"]) == (200, 3)
    versions = (await tenant.staff.get(f"{path}/versions")).json()
    assert [(each["version"], each["plan"]["title"]) for each in versions["items"]] == [
        (2, "Second"),
        (1, "First"),
    ]
    assert versions["items"][1] == {
        "version": 1, "plan": before["plan"], "createdAt": before["updatedAt"],
    }  # fmt: skip
    assert versions["items"][0]["createdAt"] == second.json()["updatedAt"]
    read = await tenant.staff.get(f"{path}/versions/1")
    assert read.json() == versions["items"][1]
    for version in ("0", "3", "x", "01", "9" * 20):
        answer = await tenant.staff.get(f"{path}/versions/{version}")
        assert (answer.status_code, answer.json()["code"]) == (404, "version_not_found")
    assert await tenant.actions() == ["workout_plan.replaced", "workout_plan.replaced"]


async def test_pages_of_versions(tenant: TenantTeam):
    """They follow each other by number; a cursor of another plan is refused."""
    id_, other = await create_plan(tenant), await create_plan(tenant)
    for version in range(1, 12):
        await create_version(tenant, id_, version)

    path = f"{path_of(tenant, id_)}/versions?take=6"
    first = (await tenant.staff.get(path)).json()
    rest = (await tenant.staff.get(f"{path}&cursor={first['nextCursor']}")).json()
    wrong = await tenant.staff.get(
        f"{path_of(tenant, other)}/versions?cursor={first['nextCursor']}"
    )

    numbers = [each["version"] for each in first["items"] + rest["items"]]
    assert numbers == list(range(11, 0, -1))
    assert wrong.json()["code"] == "invalid_cursor"
    for number in ("0", "01", "9" * 20):
        broken = await tenant.staff.get(f"{path}&cursor={moved(first['nextCursor'], number)}")
        assert broken.json()["code"] == "invalid_cursor"


async def test_a_stale_replacement_is_refused(tenant: TenantTeam):
    """Whoever read an earlier version gets a conflict and changes nothing."""
    path = path_of(tenant, await create_plan(tenant))
    await replace(tenant.staff, path, "Second")

    stale = await replace(tenant.staff, path, "Stale", ifVersion=1)

    assert (stale.status_code, stale.json()["code"]) == (409, "version_conflict")
    read = (await tenant.staff.get(path)).json()
    assert (read["version"], read["plan"]["title"]) == (2, "Second")
    assert len((await tenant.staff.get(f"{path}/versions")).json()["items"]) == 1


async def test_concurrent_replacements_are_all_kept(tenant: TenantTeam):
    """Each makes a version; of those for the same ifVersion one wins."""
    path = path_of(tenant, await create_plan(tenant, "P0"))

    answers = await asyncio.gather(
        *(replace(tenant.staff, path, f"P{number}") for number in range(1, 6))
    )
    conflicting = await asyncio.gather(
        *(replace(tenant.staff, path, f"Q{number}", ifVersion=6) for number in range(4))
    )

    assert sorted(answer.json()["version"] for answer in answers) == [2, 3, 4, 5, 6]
    assert sorted(answer.status_code for answer in conflicting) == [200, 409, 409, 409]
    versions = (await tenant.staff.get(f"{path}/versions")).json()["items"]
    titles = {each["plan"]["title"] for each in versions}
    assert titles == {f"P{number}" for number in range(6)}


async def test_deleting_a_user_while_their_plan_is_replaced(tenant: TenantTeam):
    """Neither waits for the other forever: both take their locks in the same order."""
    for number in range(5):
        ann = await tenant.joined(f"ann{number}")
        path = path_of(tenant, await create_plan(tenant, user=ann.id))
        replaced, _ = await asyncio.gather(
            replace(tenant.staff, path, "New", user=ann.id),
            tenant.api.owner.tenantuser.delete(where={"id": ann.id}),
        )

        assert replaced.status_code in (200, 404)
        assert (await tenant.staff.get(path)).json()["userId"] is None


async def test_delete(tenant: TenantTeam):
    """An administrator deletes a plan with its versions; afterwards it is not found."""
    id_ = await create_plan(tenant)
    await create_version(tenant, id_, 1)
    path = path_of(tenant, id_)

    refused = await tenant.staff.delete(path)
    deleted = await tenant.admin.delete(path)

    assert (refused.status_code, deleted.status_code) == (403, 204)
    assert await tenant.api.owner.workoutplanversion.count() == 0
    for request in (
        tenant.staff.get(path),
        tenant.staff.get(f"{path}/versions"),
        tenant.staff.get(f"{path}/versions/1"),
        replace(tenant.staff, path, "New"),
        tenant.admin.delete(path),
    ):
        answer = await request
        assert (answer.status_code, answer.json()["code"]) == (404, "plan_not_found")
