"""The problems of WhatsApp channels."""

from app.http.problems import Problem


def channel_not_found() -> Problem:
    return Problem(404, "channel_not_found", "The tenant has no such WhatsApp channel.")
