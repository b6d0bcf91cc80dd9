"""Create global roles and grant them directly in the database, without HTTP."""

from app.access import Capability
from app.access.capabilities import ADMINISTRATOR
from tests.fix_api import Api, Person


async def create_role(api: Api, name: str, *capabilities: Capability) -> str:
    """Create a role with these capabilities; return its id."""
    role = await api.owner.role.create({"name": name})
    await api.owner.rolecapability.create_many(
        [{"roleId": role.id, "capabilityName": each} for each in capabilities]
    )
    return role.id


async def grant(api: Api, person: Person, role: str) -> None:
    """Give a role to a user, by its id."""
    await api.owner.userrole.create({"userId": person.id, "roleId": role})


async def administrator_role(api: Api) -> str:
    """Return the id of the built-in role."""
    return (await api.owner.role.find_unique_or_raise(where={"name": ADMINISTRATOR})).id


async def make_administrator(api: Api, name: str = "ada") -> Person:
    """Create a user with the built-in role."""
    person = await api.person(name)
    await grant(api, person, await administrator_role(api))
    return person


async def make_capable(api: Api, name: str, *capabilities: Capability) -> Person:
    """Create a user with a role of their own that contains these capabilities."""
    person = await api.person(name)
    await grant(api, person, await create_role(api, f"role-of-{name}", *capabilities))
    return person


async def roles_of(api: Api, person: Person) -> set[str]:
    """Return the names of a user's roles."""
    held = await api.owner.userrole.find_many(where={"userId": person.id}, include={"role": True})
    return {each.role.name for each in held if each.role}
