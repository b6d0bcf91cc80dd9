"""The table of docs/roles.md about organizations as requests."""

from tests.role_tables import Act, Roles, rows_of_page

_ACTS: dict[str, Act] = {
    "see the organization in your list": lambda _, caller: caller.get("/v1/organizations"),
    "read the organization": lambda team, caller: caller.get(team.organization.path),
}

ROLES_OF_PAGE = rows_of_page("In an organization", Roles, _ACTS)
