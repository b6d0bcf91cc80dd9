"""What may be wrong about an account."""

from app.problems import Problem


def wrong_credentials() -> Problem:
    # One answer for all of it: which addresses have accounts is nobody's business.
    return Problem(
        401,
        "wrong_credentials",
        "The address and the password do not fit, or the address has not been confirmed.",
    )


def wrong_password() -> Problem:
    return Problem(403, "wrong_password", "That is not your present password.")


def invalid_link() -> Problem:
    return Problem(
        400, "invalid_link", "The link was used, is too old, or not whole: ask for another."
    )
