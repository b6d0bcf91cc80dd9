"""How another system names the fields of users and workout plans in the files that it exports."""

from collections.abc import Sequence

from pydantic import model_validator

from app.kit.schemas import Input, Name

USER_FIELDS = ("email", "role")
PLAN_FIELDS = (
    "plan", "goal", "userEmail", "day", "exercise", "sets", "reps", "weightKg", "restSeconds",
    "notes",
)  # fmt: skip


class FieldMapping(Input):
    """The titles of columns by our names of them. A column without one has our name."""

    email: Name | None = None
    role: Name | None = None
    plan: Name | None = None
    goal: Name | None = None
    userEmail: Name | None = None
    day: Name | None = None
    exercise: Name | None = None
    sets: Name | None = None
    reps: Name | None = None
    weightKg: Name | None = None
    restSeconds: Name | None = None
    notes: Name | None = None

    @model_validator(mode="after")
    def _is_unambiguous(self) -> "FieldMapping":
        for fields in (USER_FIELDS, PLAN_FIELDS):
            titles = self._titles(fields)
            if len(set(titles)) < len(titles):
                raise ValueError("must give each column of a file a title of its own")
        return self

    def _titles(self, fields: Sequence[str]) -> list[str]:
        """Return the titles of a file's columns as imports compare them: without case."""
        return [(getattr(self, field) or field).casefold() for field in fields]
