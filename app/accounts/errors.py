"""Problems of accounts."""

from app.http.problems import Problem


def wrong_credentials() -> Problem:
    # One answer for all causes: it does not reveal which addresses have accounts.
    return Problem(
        401,
        "wrong_credentials",
        "Incorrect e-mail or password, or unconfirmed address.",
    )


def wrong_password() -> Problem:
    return Problem(403, "wrong_password", "This is not your current password.")


def invalid_link() -> Problem:
    return Problem(
        400,
        "invalid_link",
        "The link was used, has expired, or is incomplete: request a new one.",
    )
