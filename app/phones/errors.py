"""The problems of phone numbers, and of the statuses of connections."""

from app.http.problems import Problem


def phone_number_not_found() -> Problem:
    return Problem(404, "phone_number_not_found", "The tenant has no such phone number.")


def number_taken() -> Problem:
    return Problem(409, "number_taken", "This number is already in use, here or elsewhere.")


def illegal_transition(before: str, after: str) -> Problem:
    return Problem(
        409, "illegal_transition", f"The status is {before}, which cannot become {after}."
    )
