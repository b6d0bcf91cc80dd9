"""The problems of organizations and their members."""

from app.http.problems import Problem


def organization_not_found() -> Problem:
    return Problem(404, "organization_not_found", "There is no such organization.")


def already_owner() -> Problem:
    return Problem(409, "already_owner", "This member already owns the organization.")


def last_owner() -> Problem:
    return Problem(
        409,
        "last_owner",
        "An organization needs an owner, and you are the last one. Offer the ownership to another "
        "member first, or delete the organization.",
    )


def confirmation_needed() -> Problem:
    return Problem(
        409,
        "confirmation_needed",
        "This lowers your own role or ends your membership. Confirm it with confirm=true.",
    )


def too_many_organizations(limit: int) -> Problem:
    return Problem(
        409, "too_many_organizations", f"You cannot own more than {limit} organizations."
    )
