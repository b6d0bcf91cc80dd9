"""Request and response bodies of workout plans."""

from typing import Annotated
from uuid import UUID

import pydantic
from prisma import partials
from pydantic import Field

from app.http.pages import PageRequest
from app.kit.schemas import Input
from app.workout_plans.plans import Plan

PlanUser = Annotated[UUID | None, Field(description="A user of the tenant; null is for nobody.")]


class NewWorkoutPlan(Input):
    plan: Plan
    userId: PlanUser = None


class ReplacedWorkoutPlan(Input):
    plan: Plan
    userId: PlanUser
    ifVersion: Annotated[
        int | None, Field(ge=1, le=2**31 - 1, description="Replace this version only.")
    ] = None


class WorkoutPlanView(partials.WorkoutPlanView):
    """A workout plan as it is now."""

    # The generated type would return the JSON as text.
    plan: pydantic.Json[Plan]  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]  # narrower on purpose


class WorkoutPlanVersionView(partials.WorkoutPlanVersionView):
    """A workout plan as it was before a change; `createdAt` is when it was made so."""

    id: str = Field(exclude=True)  # the position in a page
    plan: pydantic.Json[Plan]  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]  # as above


class WorkoutPlansRequest(PageRequest):
    """The requested part of the plans, of one user or of all."""

    userId: Annotated[UUID | None, Field(description="Only the plans of this user.")] = None
