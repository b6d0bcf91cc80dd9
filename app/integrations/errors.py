"""The problems of integrations."""

from app.http.problems import Problem


def integration_not_found() -> Problem:
    return Problem(404, "integration_not_found", "The tenant has no such integration.")


def type_mismatch() -> Problem:
    return Problem(422, "type_mismatch", "The config's type is not the one that the path names.")
