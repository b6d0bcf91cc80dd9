"""The problems of projects and their members."""

from app.http.problems import Problem


def project_not_found() -> Problem:
    return Problem(404, "project_not_found", "There is no such project.")


def role_not_lower() -> Problem:
    return Problem(
        403,
        "role_not_lower",
        "You cannot change the project role of somebody whose role in the organization is above "
        "yours.",
    )


def owner_not_lowered() -> Problem:
    return Problem(
        409,
        "owner_not_lowered",
        "An owner of the organization is an admin of every project and cannot be lowered.",
    )


def confirmation_needed() -> Problem:
    return Problem(
        409,
        "confirmation_needed",
        "This lowers your own role. Repeat the request with confirm: true.",
    )


def moment_in_future() -> Problem:
    return Problem(422, "moment_in_future", "The moment must not be in the future.")


def project_not_created_yet() -> Problem:
    return Problem(409, "project_not_created_yet", "The project was created after that moment.")


def audit_trail_too_short(days: int) -> Problem:
    return Problem(
        409,
        "audit_trail_too_short",
        f"The audit trail is kept for {days} days and does not reach back to that moment.",
    )


def audit_trail_incomplete() -> Problem:
    return Problem(
        409,
        "audit_trail_incomplete",
        "The audit trail does not say what the role was at that moment.",
    )
