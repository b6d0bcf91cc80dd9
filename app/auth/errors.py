"""What may be wrong about who calls."""

from app.problems import FieldProblem, Problem


def not_signed_in() -> Problem:
    return Problem(
        401,
        "not_signed_in",
        "This needs a valid access token: log in, or refresh it.",
    )


def invalid_refresh_token() -> Problem:
    return Problem(
        401, "invalid_refresh_token", "The refresh token is not valid any more: log in again."
    )


def session_not_found() -> Problem:
    return Problem(404, "session_not_found", "There is no such session.")


def weak_password(field: str, reasons: list[str]) -> Problem:
    return Problem(
        422,
        "weak_password",
        f"The password {'; it '.join(reasons)}.",
        errors=[FieldProblem(field=f"body.{field}", message=reason) for reason in reasons],
    )


def too_many_attempts(seconds: int) -> Problem:
    return Problem(
        429,
        "too_many_attempts",
        f"Too many attempts: try again in {seconds} s.",
        headers={"Retry-After": str(seconds)},
    )
