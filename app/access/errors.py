"""The problems of global roles and capabilities."""

from collections.abc import Set as AbstractSet

from app.http.problems import Problem


def capability_missing(missing: AbstractSet[str]) -> Problem:
    return Problem(
        403,
        "capability_missing",
        f"You need a role with {_listed(missing)}.",
        capabilities=sorted(missing),
    )


def capabilities_lacking(lacking: AbstractSet[str]) -> Problem:
    return Problem(
        403,
        "capabilities_lacking",
        "You can only create, change, grant and revoke roles whose capabilities you all have. You "
        f"lack {_listed(lacking)}.",
        capabilities=sorted(lacking),
    )


def role_not_found() -> Problem:
    return Problem(404, "role_not_found", "There is no such role.")


def role_exists() -> Problem:
    return Problem(409, "role_exists", "Another role has this name.")


def role_built_in() -> Problem:
    return Problem(409, "role_built_in", "This role is built in: it cannot be changed or deleted.")


def user_not_found() -> Problem:
    return Problem(404, "user_not_found", "There is no such user.")


def user_not_confirmed() -> Problem:
    return Problem(
        409, "user_not_confirmed", "This user has not confirmed their e-mail address yet."
    )


def _listed(capabilities: AbstractSet[str]) -> str:
    noun = "capability" if len(capabilities) == 1 else "capabilities"
    return f"the {noun} {', '.join(sorted(capabilities))}"
