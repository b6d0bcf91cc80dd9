"""The problems of workspaces, their members and transfers."""

from app.http.problems import Problem


def workspace_not_found() -> Problem:
    return Problem(404, "workspace_not_found", "There is no such workspace.")


def person_not_found() -> Problem:
    return Problem(
        404,
        "person_not_found",
        "None of your workspaces has such a member. Invite them by e-mail.",
    )


def already_owner() -> Problem:
    return Problem(409, "already_owner", "You already own this workspace.")


def too_many_workspaces(limit: int) -> Problem:
    return Problem(409, "too_many_workspaces", f"You cannot own more than {limit} workspaces.")


def owner_cannot_leave() -> Problem:
    return Problem(
        409,
        "owner_cannot_leave",
        "You own this workspace. Transfer it to another member before you leave, or delete it.",
    )
