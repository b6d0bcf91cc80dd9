"""Imports of workout plans: each record is an exercise, and adjacent ones form a plan."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from prisma import Json, Prisma
from pydantic import StringConstraints, ValidationError

from app.imports.header import Column
from app.imports.rows import Importer
from app.kit.schemas import Email, Input, Name, Text
from app.workout_plans.plans import MAX_DAYS, MAX_EXERCISES, Exercise, Plan, PlanDay

# What a model of a plan calls otherwise than the columns.
_NAMES = {"name": "exercise"}
_THOUSANDS = re.compile(r",\d{3}(?!\d)")
_EXERCISE_FIELDS = ("sets", "reps", "weightKg", "restSeconds", "notes")


class _PlanCells(Input):
    plan: Name
    goal: Annotated[Text, StringConstraints(max_length=500)] | None = None
    userEmail: Email | None = None
    day: Name


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A plan of the file, which begins at a line."""

    line: int
    user_email: str | None
    plan: Plan


@dataclass(slots=True)
class PlanImporter(Importer[PlanRow]):
    """Imports workout plans, all of them as new ones."""

    columns = (
        Column("plan", is_required=True),
        Column("goal"),
        Column("userEmail"),
        Column("day", is_required=True),
        Column("exercise", is_required=True),
        Column("sets", is_required=True),
        Column("reps", is_required=True),
        Column("weightKg"),
        Column("restSeconds"),
        Column("notes"),
    )

    _open: PlanRow | None = None
    # The first line of each plan and user.
    _lines: dict[tuple[str, str | None], int] = field(
        default_factory=dict[tuple[str, str | None], int]
    )

    def add(self, line: int, cells: Mapping[str, str]) -> PlanRow | None:
        head, exercise = self._read(line, cells)
        if head is None:
            return None
        complete = None
        if not self._continues(head):
            complete = self.finish()
            self._begin(line, head)
        if exercise is not None:
            self._append(line, head, exercise)
        return complete

    def finish(self) -> PlanRow | None:
        """Return the plan whose last line was read, if it has exercises."""
        complete, self._open = self._open, None
        return complete if complete is not None and complete.plan.days else None

    def _read(
        self, line: int, cells: Mapping[str, str]
    ) -> tuple[_PlanCells | None, Exercise | None]:
        head, exercise = None, None
        try:
            head = _PlanCells.model_validate(_select(cells, "plan", "goal", "userEmail", "day"))
        except ValidationError as error:
            self.report_invalid(line, error)
        values: dict[str, Any] = _select(cells, *_EXERCISE_FIELDS)
        if "exercise" in cells:
            values["name"] = cells["exercise"]
        # A comma is the decimal sign of most languages. 1,000 is left as it is, and so refused: it
        # may be a thousand.
        if "weightKg" in values and not _THOUSANDS.search(values["weightKg"]):
            values["weightKg"] = values["weightKg"].replace(",", ".")
        try:
            exercise = Exercise.model_validate(values)
        except ValidationError as error:
            self.report_invalid(line, error, _NAMES)
        return head, exercise

    def _continues(self, head: _PlanCells) -> bool:
        """Return whether a record belongs to the same plan as the one before."""
        return self._open is not None and (self._open.plan.title, self._open.user_email) == (
            head.plan,
            head.userEmail,
        )

    def _begin(self, line: int, head: _PlanCells) -> None:
        first = self._lines.setdefault((head.plan, head.userEmail), line)
        if first != line:
            self.report_fault(
                line, "plan", f"The plan began in line {first}: its lines must be adjacent."
            )
        # Without days until its first exercise is appended.
        plan = Plan.model_construct(title=head.plan, goal=head.goal, days=[])
        self._open = PlanRow(line, head.userEmail, plan)

    def _append(self, line: int, head: _PlanCells, exercise: Exercise) -> None:
        """Add an exercise to the open plan, unless that has as many as a plan may have."""
        if self._open is None:
            return
        plan = self._open.plan
        if head.goal is not None and head.goal != plan.goal:
            message = f"The goal differs from that in line {self._open.line}."
            self.report_fault(line, "goal", message)
        if sum(len(day.exercises) for day in plan.days) == MAX_EXERCISES:
            message = f"A plan has at most {MAX_EXERCISES} exercises."
            self.report_fault(line, "exercise", message)
        elif plan.days and plan.days[-1].name == head.day:
            plan.days[-1].exercises.append(exercise)
        elif len(plan.days) == MAX_DAYS:
            self.report_fault(line, "day", f"A plan has at most {MAX_DAYS} days.")
        else:
            plan.days.append(PlanDay.model_construct(name=head.day, exercises=[exercise]))

    async def write(self, tx: Prisma, rows: Sequence[PlanRow]) -> None:
        users = await self._find_users(tx, rows)
        for row in rows:
            if row.user_email is not None and row.user_email not in users:
                self.report_fault(row.line, "userEmail", "The tenant has no user of this address.")
        self.report.created += await tx.workoutplan.create_many(
            data=[
                {
                    "tenantId": self.tenant,
                    "userId": users.get(row.user_email) if row.user_email else None,
                    "plan": Json(row.plan.model_dump(exclude_none=True)),
                }
                for row in rows
            ]
        )

    async def _find_users(self, tx: Prisma, rows: Sequence[PlanRow]) -> dict[str, str]:
        """Return the ids of the users of plans, by address."""
        emails = {row.user_email for row in rows if row.user_email is not None}
        if not emails:
            return {}
        found = await tx.tenantuser.find_many(
            where={"tenantId": self.tenant, "email": {"in": sorted(emails)}}
        )
        return {user.email: user.id for user in found}


def _select(cells: Mapping[str, str], *fields: str) -> dict[str, str]:
    return {field: cells[field] for field in fields if field in cells}
