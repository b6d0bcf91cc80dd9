"""The problems of WhatsApp channels."""

from app.http.problems import Problem


def channel_not_found() -> Problem:
    return Problem(404, "channel_not_found", "The tenant has no such WhatsApp channel.")


def invalid_verify_token() -> Problem:
    return Problem(403, "invalid_verify_token", "No channel has this verify token.")


def invalid_signature() -> Problem:
    return Problem(
        401, "invalid_signature", "The body is not signed by the app secret of its channels."
    )


def too_many_numbers(most: int) -> Problem:
    return Problem(422, "too_many_numbers", f"A notification may concern {most} numbers at most.")
