"""What may be wrong about who calls."""

from app.problems import Problem


def not_signed_in() -> Problem:
    return Problem(
        401,
        "not_signed_in",
        "This needs a valid access token: log in, or refresh it.",
        headers={"WWW-Authenticate": "Bearer"},
    )
