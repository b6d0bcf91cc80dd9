"""CSV files of the users and the workout plans of a tenant, which imports read back.

They are UTF-8 with a byte order mark, by which spreadsheets recognise it. Rows are read in batches,
each a statement of its own: what changes during an export may be in it or not.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

from app.db import prisma
from app.imports import formulas
from app.imports.header import Column
from app.imports.users import UserImporter
from app.imports.workout_plans import PlanImporter
from app.kit.ids import FIRST_UUID
from app.tenants import TenantScope, record_event
from app.workout_plans.plans import Exercise, Plan

BATCH = 1000
_BYTE_ORDER_MARK = "\ufeff"


def write_record(cells: Iterable[str], *, neutralised: bool = True) -> str:
    """Return a record as RFC 4180 writes it; every cell is quoted."""
    texts = map(formulas.neutralise, cells) if neutralised else cells
    return ",".join('"' + text.replace('"', '""') + '"' for text in texts) + "\r\n"


async def record_export(scope: TenantScope, what: str) -> None:
    """Record that the caller exports something, before they get it."""
    async with prisma.tx() as tx:
        await record_event(tx, scope, f"{what}.exported", subject=scope.id)


async def users(scope: TenantScope) -> AsyncIterator[str]:
    """Yield the users of a tenant, in the order of their creation."""
    yield _header(UserImporter.columns)
    after = FIRST_UUID
    while rows := await prisma.tenantuser.find_many(
        where={**scope.where, "id": {"gt": after}}, order={"id": "asc"}, take=BATCH
    ):
        yield "".join(write_record([user.email, user.role]) for user in rows)
        after = rows[-1].id


async def workout_plans(scope: TenantScope) -> AsyncIterator[str]:
    """Yield the workout plans of a tenant, one exercise in each line."""
    yield _header(PlanImporter.columns)
    after = FIRST_UUID
    while rows := await prisma.workoutplan.find_many(
        where={**scope.where, "id": {"gt": after}},
        order={"id": "asc"},
        take=BATCH,
        include={"user": True},
    ):
        for row in rows:
            plan = Plan.model_validate(row.plan)
            yield "".join(_plan_records(plan, row.user.email if row.user else ""))
        after = rows[-1].id


def _header(columns: Sequence[Column]) -> str:
    return _BYTE_ORDER_MARK + write_record(column.field for column in columns)


def _plan_records(plan: Plan, email: str) -> Iterator[str]:
    for day in plan.days:
        for exercise in day.exercises:
            head = [plan.title, plan.goal or "", email, day.name, exercise.name]
            yield write_record([*head, *_numbers(exercise), exercise.notes or ""])


def _numbers(exercise: Exercise) -> Iterator[str]:
    for number in (exercise.sets, exercise.reps, exercise.weightKg, exercise.restSeconds):
        yield "" if number is None else str(number)
