"""The problems of tenants and their users."""

from app.http.problems import FieldProblem, Problem


def tenant_not_found() -> Problem:
    return Problem(404, "tenant_not_found", "There is no such tenant.")


def domain_taken() -> Problem:
    return Problem(409, "domain_taken", "Another tenant has this domain.")


def domain_not_allowed() -> Problem:
    message = "must not be the host of PUBLIC_URL, which reaches the service itself"
    return Problem(
        422,
        "domain_not_allowed",
        f"The domain {message}.",
        errors=[FieldProblem(field="body.domain", message=message)],
    )


def user_exists() -> Problem:
    return Problem(409, "user_exists", "The tenant has a user with this address already.")


def last_admin() -> Problem:
    return Problem(
        409,
        "last_admin",
        "A tenant needs an administrator, and this user is the last one. Make another user an "
        "administrator first.",
    )


def confirmation_needed() -> Problem:
    return Problem(
        409,
        "confirmation_needed",
        "This lowers your own role or deletes your own user. Confirm it with confirm=true.",
    )
