"""The problems that workspaces and organizations share."""

from app.http.problems import Problem


def role_too_low(min_role: str, noun: str) -> Problem:
    return Problem(403, "role_too_low", f"You need at least the role {min_role} in this {noun}.")


def role_not_lower() -> Problem:
    return Problem(
        403,
        "role_not_lower",
        "You can only manage members whose role is below yours, and assign roles below yours.",
    )
