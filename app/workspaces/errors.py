"""What may be wrong about a workspace."""

from app.problems import Problem


def workspace_not_found() -> Problem:
    return Problem(404, "workspace_not_found", "There is no such workspace.")


def role_too_low(least: str) -> Problem:
    return Problem(403, "role_too_low", f"This needs the role {least} in the workspace.")
