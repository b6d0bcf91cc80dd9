"""The problems of tenants."""

from app.http.problems import Problem


def tenant_not_found() -> Problem:
    return Problem(404, "tenant_not_found", "There is no such tenant.")
