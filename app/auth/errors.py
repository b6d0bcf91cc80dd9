"""Problems of authentication: tokens, sessions, passwords, throttles."""

from app.http.problems import FieldProblem, Problem


def not_signed_in() -> Problem:
    return Problem(
        401,
        "not_signed_in",
        "This needs a valid access token or session cookie: log in, or refresh the token.",
    )


def cross_site_request() -> Problem:
    return Problem(
        403,
        "cross_site_request",
        "With a cookie, only pages of this site may change something: send their Origin.",
    )


def not_while_impersonating() -> Problem:
    return Problem(
        403,
        "not_while_impersonating",
        "Only the users themselves may do this: return to your own account.",
    )


def invalid_refresh_token() -> Problem:
    return Problem(
        401, "invalid_refresh_token", "The refresh token is no longer valid: log in again."
    )


def session_not_found() -> Problem:
    return Problem(404, "session_not_found", "You have no such session.")


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


def server_busy(seconds: int) -> Problem:
    return Problem(
        503,
        "server_busy",
        f"Too many log-ins at once: try again in {seconds} s.",
        headers={"Retry-After": str(seconds)},
    )
