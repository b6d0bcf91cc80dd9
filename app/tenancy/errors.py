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


def member_not_found(noun: str) -> Problem:
    return Problem(404, "member_not_found", f"The {noun} has no such member.")


def already_member(noun: str) -> Problem:
    return Problem(409, "already_member", f"This person is already a member of the {noun}.")


def already_invited() -> Problem:
    return Problem(409, "already_invited", "This address already has a valid invitation.")


def email_not_confirmed() -> Problem:
    return Problem(403, "email_not_confirmed", "Confirm your e-mail address first.")


def invitation_not_found() -> Problem:
    return Problem(404, "invitation_not_found", "There is no such invitation.")


def invitation_expired() -> Problem:
    return Problem(410, "invitation_expired", "The invitation has expired. Ask for a new one.")


def transfer_not_found() -> Problem:
    return Problem(404, "transfer_not_found", "There is no pending transfer for you.")


def transfer_pending() -> Problem:
    return Problem(
        409,
        "transfer_pending",
        "A transfer of the ownership is already pending. Cancel it to offer it to somebody else.",
    )
