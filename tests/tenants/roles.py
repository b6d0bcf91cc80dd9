"""The table of docs/roles.md about tenants as requests."""

from tests.role_tables import Act, TenantRoles, rows_of_page

_ACTS: dict[str, Act] = {
    "read your account": lambda team, caller: caller.get(f"{team.tenant.path}/me"),
}

ROLES_OF_PAGE = rows_of_page("In a tenant", TenantRoles, _ACTS)
