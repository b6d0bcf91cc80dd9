"""The problems of organizations and their members."""

from app.http.problems import Problem


def organization_not_found() -> Problem:
    return Problem(404, "organization_not_found", "There is no such organization.")


def too_many_organizations(limit: int) -> Problem:
    return Problem(
        409, "too_many_organizations", f"You cannot own more than {limit} organizations."
    )
