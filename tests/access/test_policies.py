"""The policies of global roles: what the service's role sees and writes without any filter."""

from collections.abc import Awaitable, Callable

import pytest
from prisma.errors import PrismaError

from app.access import Capability
from app.database.scope import use_scope
from app.db import prisma
from tests.fix_access import (
    administrator_role,
    create_role,
    grant,
    make_administrator,
    make_capable,
)
from tests.fix_api import Api, Person

TABLES = ("User", "Role", "RoleCapability", "UserRole", "Capability", "AuditEvent", "Session")


async def counts() -> dict[str, int]:
    """Return how many rows of each table the scope shows."""
    return {
        table: len(await prisma.query_raw(f'SELECT 1 FROM "{table}"'))  # pyright: ignore[reportArgumentType]  # our own names
        for table in TABLES
    }


@pytest.fixture
async def ada(api: Api) -> Person:
    """Return an administrator among others, with an event of the installation."""
    for name in ("bob", "cleo"):
        await make_capable(api, name, Capability.USERS_READ)
    ada = await make_administrator(api)
    await api.owner.auditevent.create({"actorId": ada.id, "action": "test"})
    return ada


async def test_an_administrators_ordinary_requests_see_no_more(ada: Person):
    """Without a declared capability an administrator sees themselves and their own roles."""
    with use_scope(user=ada.id):
        assert await counts() == {
            "User": 1,
            "Role": 1,
            "RoleCapability": len(Capability),
            "UserRole": 1,
            "Capability": 0,
            "AuditEvent": 0,
            "Session": 1,
        }


async def test_a_declared_capability_shows_its_rows(ada: Person):
    """Each shows what it is for; sessions are nobody else's."""
    seen: dict[str, dict[str, int]] = {}
    for capability in Capability:
        with use_scope(user=ada.id, capability=capability):
            seen[capability] = await counts()

    with use_scope(user=ada.id):
        ordinary = await counts()
    everybody = {"User": 3, "Role": 3, "RoleCapability": len(Capability) + 2, "UserRole": 3}
    assert {name: changed(ordinary, each) for name, each in seen.items()} == {
        **{capability: {} for capability in Capability},
        Capability.USERS_READ: everybody,
        Capability.ROLES_MANAGE: {**everybody, "Capability": len(Capability)},
        Capability.AUDIT_READ: {"AuditEvent": 1},
    }


def changed(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {table: count for table, count in after.items() if count != before[table]}


async def test_declaring_is_not_enough(api: Api, ada: Person):
    """A scope that declares a capability shows nothing more to a user without it."""
    dan = await api.person("dan")
    with use_scope(user=dan.id):
        ordinary = await counts()
    for capability in (*Capability, "unknown"):
        with use_scope(user=dan.id, capability=capability):
            assert await counts() == ordinary
        with use_scope(capability=capability):
            assert sum((await counts()).values()) == 0
    assert ordinary["User"] == 1
    assert ada.id != dan.id


async def test_a_manager_writes_only_what_they_have(api: Api):
    """The database itself refuses to pass on a capability that the user in scope lacks."""
    bob = await make_capable(api, "bob", Capability.ROLES_MANAGE, Capability.USERS_READ)
    own = await create_role(api, "own", Capability.USERS_READ)
    foreign = await create_role(api, "foreign", Capability.AUDIT_READ)
    root = await administrator_role(api)
    forged: dict[str, Callable[[], Awaitable[object]]] = {
        "grant": lambda: prisma.userrole.create(
            {"userId": bob.id, "roleId": foreign, "grantedById": bob.id}
        ),
        "grant in another's name": lambda: prisma.userrole.create(
            {"userId": bob.id, "roleId": own}
        ),
        "capability": lambda: prisma.rolecapability.create(
            {"roleId": own, "capabilityName": Capability.AUDIT_READ}
        ),
        "built-in role": lambda: prisma.role.create({"name": "root", "isBuiltIn": True}),
        "change to built-in": lambda: prisma.role.update(
            where={"id": own}, data={"isBuiltIn": True}
        ),
        "capability of the built-in role": lambda: prisma.rolecapability.create(
            {"roleId": root, "capabilityName": Capability.USERS_READ}
        ),
    }

    with use_scope(user=bob.id, capability=Capability.ROLES_MANAGE):
        for forge in forged.values():
            with pytest.raises(PrismaError, match="row-level security"):
                await forge()
        assert await prisma.role.delete_many(where={"id": {"in": [foreign, root]}}) == 0
        assert (
            await prisma.rolecapability.delete_many(where={"roleId": {"in": [foreign, root]}}) == 0
        )
        assert await prisma.role.update_many(where={"id": root}, data={"name": "x"}) == 0
        await prisma.userrole.create({"userId": bob.id, "roleId": own, "grantedById": bob.id})


async def test_a_foreign_grant_stays(api: Api):
    """A role with capabilities that the user in scope lacks is not revoked either."""
    bob, ada = await make_capable(api, "bob", Capability.ROLES_MANAGE), await api.person("ada")
    foreign = await create_role(api, "foreign", Capability.AUDIT_READ)
    await grant(api, ada, foreign)

    with use_scope(user=bob.id, capability=Capability.ROLES_MANAGE):
        assert await prisma.userrole.delete_many(where={"roleId": foreign}) == 0


async def test_nothing_is_written_without_the_declaration(ada: Person, api: Api):
    """An administrator's ordinary request grants nothing and writes no event."""
    root = await administrator_role(api)
    with use_scope(user=ada.id):
        for forge in (
            lambda: prisma.role.create({"name": "forged"}),
            lambda: prisma.userrole.create(
                {"userId": ada.id, "roleId": root, "grantedById": ada.id}
            ),
            lambda: prisma.auditevent.create_many([{"actorId": ada.id, "action": "forged"}]),
        ):
            with pytest.raises(PrismaError, match="row-level security"):
                await forge()
        assert await prisma.userrole.delete_many() == 0


async def test_the_trail_names_who_acts(ada: Person, api: Api):
    """Not even with a capability is an event written in another's name."""
    bob = await api.owner.user.find_unique_or_raise(where={"email": "bob@example.com"})
    with use_scope(user=ada.id, capability=Capability.ROLES_MANAGE):
        await prisma.auditevent.create_many([{"actorId": ada.id, "action": "test"}])
        with pytest.raises(PrismaError, match="row-level security"):
            await prisma.auditevent.create_many([{"actorId": bob.id, "action": "forged"}])
