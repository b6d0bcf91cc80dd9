"""The problems of workout plans."""

from app.http.problems import Problem


def plan_not_found() -> Problem:
    return Problem(404, "plan_not_found", "There is no such workout plan.")


def version_not_found() -> Problem:
    return Problem(404, "version_not_found", "The workout plan has no such earlier version.")


def user_not_found() -> Problem:
    return Problem(404, "user_not_found", "The tenant has no such user.")


def version_conflict(version: int) -> Problem:
    return Problem(
        409,
        "version_conflict",
        f"The plan was changed meanwhile: its version is {version}. Read it again.",
    )
