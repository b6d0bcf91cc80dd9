"""The shape of a workout plan, which the API, the database and imports share."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from app.kit.schemas import Input, Name, Text

MAX_DAYS = 14
# More would not fit into the limit of values of a request's body.
MAX_EXERCISES = 60


class Exercise(Input):
    """An exercise of a day: so many sets of so many repetitions."""

    name: Name
    sets: Annotated[int, Field(ge=1, le=100)]
    reps: Annotated[int, Field(ge=1, le=1000)]
    weightKg: Annotated[float | None, Field(ge=0, le=1000, allow_inf_nan=False)] = None
    restSeconds: Annotated[int | None, Field(ge=0, le=3600)] = None
    notes: Annotated[Text, StringConstraints(max_length=500)] | None = None


class PlanDay(Input):
    """A day of training."""

    name: Name
    exercises: Annotated[list[Exercise], Field(min_length=1, max_length=MAX_EXERCISES)]


class Plan(Input):
    """A workout plan: days with exercises, at most 60 in all."""

    title: Name
    goal: Annotated[Text, StringConstraints(max_length=500)] | None = None
    days: Annotated[list[PlanDay], Field(min_length=1, max_length=MAX_DAYS)]

    @model_validator(mode="after")
    def _has_few_exercises(self) -> "Plan":
        if sum(len(day.exercises) for day in self.days) > MAX_EXERCISES:
            raise ValueError(f"must have at most {MAX_EXERCISES} exercises in all")
        return self
