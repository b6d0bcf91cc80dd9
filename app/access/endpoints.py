"""HTTP routes of global roles, capabilities, users and the audit trail of the installation."""

from typing import Annotated

from fastapi import Body, Path, Query
from prisma.partials import Account

from app import audit
from app.access import grants, roles, users
from app.access.capabilities import Capability
from app.access.schemas import (
    CapabilityList,
    CapabilityView,
    HeldRole,
    MyCapabilities,
    NewRole,
    RoleChange,
    RoleHolder,
    RoleView,
    UsersRequest,
)
from app.access.scope import AnyCaller, AuditReader, RolesManager, UsersReader
from app.http.description import domain_router
from app.http.pages import Page, Pagination
from app.http.problems import problems
from app.http.requests import UserId

router = domain_router()
_ROLE = "/roles/{roleId}"
_USER = "/users/{userId}"
_GRANT = f"{_USER}/roles/{{roleId}}"

RoleId = Annotated[str, Path(alias="roleId", description="A UUID.")]


@router.get("/me/capabilities", tags=["me"])
async def read_my_capabilities(caller: AnyCaller) -> MyCapabilities:
    """Return the capabilities that your roles give you."""
    return MyCapabilities(capabilities=sorted(caller.capabilities))


@router.get("/capabilities", tags=["roles"])
async def list_capabilities(_: RolesManager) -> CapabilityList:
    """List the capabilities that a role can contain."""
    items = [CapabilityView(name=each, description=each.description) for each in Capability]
    return CapabilityList(items=items)


@router.get("/roles", tags=["roles"])
async def list_roles(_: RolesManager, pages: Pagination) -> Page[RoleView]:
    """List the roles, newest first."""
    return await roles.list_roles(pages)


@router.post("/roles", tags=["roles"], status_code=201, responses=problems(409))
async def create_role(caller: RolesManager, body: NewRole) -> RoleView:
    """Create a role of capabilities that you have."""
    return await roles.create(caller, body)


@router.get(_ROLE, tags=["roles"], responses=problems(404))
async def read_role(_: RolesManager, role_id: RoleId) -> RoleView:
    """Return a role."""
    return await roles.read(role_id)


@router.patch(_ROLE, tags=["roles"], responses=problems(404, 409))
async def change_role(
    caller: RolesManager, role_id: RoleId, body: Annotated[RoleChange, Body()]
) -> RoleView:
    """Change a role for all who have it; omitted fields stay unchanged.

    You need all of its capabilities, those it has and those it gets.
    """
    return await roles.change(caller, role=role_id, changed=body)


@router.delete(_ROLE, tags=["roles"], status_code=204, responses=problems(404, 409))
async def delete_role(caller: RolesManager, role_id: RoleId) -> None:
    """Delete a role, whose capabilities you need; whoever has it loses it."""
    await roles.delete(caller, role=role_id)


@router.get(f"{_ROLE}/users", tags=["roles"], responses=problems(404))
async def list_users_of_role(
    _: UsersReader, role_id: RoleId, pages: Pagination
) -> Page[RoleHolder]:
    """List the users who have a role, the newest user first."""
    return await grants.list_users_of(role_id, pages)


@router.get("/users", tags=["users"])
async def list_users(_: UsersReader, pages: Annotated[UsersRequest, Query()]) -> Page[Account]:
    """List all users, or search them by the beginning of their address, in alphabetical order."""
    return await users.list_users(pages)


@router.get(_USER, tags=["users"], responses=problems(404))
async def read_user(_: UsersReader, user_id: UserId) -> Account:
    """Return a user."""
    return await grants.find_user(user_id)


@router.get(f"{_USER}/roles", tags=["users"], responses=problems(404))
async def list_roles_of_user(_: UsersReader, user_id: UserId, pages: Pagination) -> Page[HeldRole]:
    """List the roles of a user, the newest role first."""
    return await grants.list_roles_of(user_id, pages)


@router.put(_GRANT, tags=["users"], status_code=204, responses=problems(404, 409))
async def grant_role(caller: RolesManager, user_id: UserId, role_id: RoleId) -> None:
    """Give a role, whose capabilities you need, to a user, who may have it already."""
    await grants.grant(caller, user=user_id, role=role_id)


@router.delete(_GRANT, tags=["users"], status_code=204, responses=problems(404))
async def revoke_role(caller: RolesManager, user_id: UserId, role_id: RoleId) -> None:
    """Take a role, whose capabilities you need, from a user, who may not have it."""
    await grants.revoke(caller, user=user_id, role=role_id)


@router.get("/audit-events", tags=["audit"])
async def list_installation_events(_: AuditReader, pages: Pagination) -> Page[audit.AuditEntry]:
    """List the events of the whole installation, newest first: changes of roles and grants."""
    return await audit.entries(pages)
