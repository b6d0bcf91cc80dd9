"""The problems of impersonation."""

from collections.abc import Sequence

from app.http.problems import Problem


def member_not_found() -> Problem:
    return Problem(
        404,
        "member_not_found",
        "There is no such workspace or organization, or this user is no member of it.",
    )


def impersonation_not_allowed() -> Problem:
    return Problem(
        403,
        "impersonation_not_allowed",
        "An owner of this workspace or organization must allow impersonation first.",
    )


def user_more_capable(lacking: Sequence[str]) -> Problem:
    return Problem(
        403,
        "user_more_capable",
        "You can only act as users whose capabilities you all have. You lack "
        f"{', '.join(lacking)}.",
        capabilities=list(lacking),
    )


def cannot_impersonate_yourself() -> Problem:
    return Problem(409, "cannot_impersonate_yourself", "You cannot act as yourself.")


def impersonation_not_found() -> Problem:
    return Problem(404, "impersonation_not_found", "You act as nobody with this id.")


def not_impersonating() -> Problem:
    return Problem(403, "not_impersonating", "This ends the impersonation whose token you send.")


def impersonation_over() -> Problem:
    return Problem(
        401, "impersonation_over", "This impersonation is over: return to your own account."
    )


def impersonation_read_only() -> Problem:
    return Problem(
        403,
        "impersonation_read_only",
        "You act as this user read-only. Start an impersonation with the mode write for changes.",
    )
