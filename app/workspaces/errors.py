"""What may be wrong about a workspace, its members and its invitations."""

from app.problems import Problem


def workspace_not_found() -> Problem:
    return Problem(404, "workspace_not_found", "There is no such workspace.")


def role_too_low(least: str) -> Problem:
    return Problem(403, "role_too_low", f"This needs the role {least} in the workspace.")


def role_not_lower() -> Problem:
    return Problem(
        403,
        "role_not_lower",
        "One acts on members whose role is below one's own, and gives roles below one's own.",
    )


def member_not_found() -> Problem:
    return Problem(404, "member_not_found", "There is no such member.")


def person_not_found() -> Problem:
    return Problem(
        404, "person_not_found", "None of your workspaces has such a member: invite them by e-mail."
    )


def already_member() -> Problem:
    return Problem(409, "already_member", "They are a member of the workspace.")


def already_owner() -> Problem:
    return Problem(409, "already_owner", "The workspace is yours.")


def too_many_workspaces(most: int) -> Problem:
    return Problem(409, "too_many_workspaces", f"One person owns {most} workspaces at most.")


def owner_cannot_leave() -> Problem:
    return Problem(
        409,
        "owner_cannot_leave",
        "The owner transfers the workspace before leaving, or deletes it.",
    )


def already_invited() -> Problem:
    return Problem(409, "already_invited", "This address has an invitation that is still valid.")


def email_not_confirmed() -> Problem:
    return Problem(403, "email_not_confirmed", "This needs a confirmed e-mail address.")


def invitation_not_found() -> Problem:
    return Problem(404, "invitation_not_found", "There is no such invitation for you.")


def invitation_expired() -> Problem:
    return Problem(410, "invitation_expired", "The invitation has expired: ask for another.")
