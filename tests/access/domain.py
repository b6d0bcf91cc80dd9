"""What the tests know about the routes of app/access."""

import uuid
from collections.abc import AsyncIterator, Mapping

from prisma import Prisma

from app.access import Capability
from tests.domains import Domain, Holder, PolicyRows, Request, World, new_uuid
from tests.fix_access import administrator_role, create_role, grant, make_administrator
from tests.fix_api import Person
from tests.fix_team import Team


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    api = team.api
    ada, bob = await make_administrator(api), await api.person("bob")
    role = await create_role(api, "auditor", Capability.AUDIT_READ)
    path, of_bob = f"/v1/roles/{role}", f"/v1/users/{bob.id}"

    yield "read_my_capabilities", lambda: ada.get("/v1/me/capabilities")
    yield "list_capabilities", lambda: ada.get("/v1/capabilities")
    yield "list_roles", lambda: ada.get("/v1/roles")
    new = {"name": "reader", "capabilities": [Capability.USERS_READ]}
    yield "create_role", lambda: ada.post("/v1/roles", new)
    yield "read_role", lambda: ada.get(path)
    yield "list_users", lambda: ada.get("/v1/users?email=bo")
    yield "read_user", lambda: ada.get(of_bob)
    yield "grant_role", lambda: ada.put(f"{of_bob}/roles/{role}")
    yield "list_roles_of_user", lambda: ada.get(f"{of_bob}/roles")
    yield "list_users_of_role", lambda: ada.get(f"{path}/users")
    yield "revoke_role", lambda: ada.delete(f"{of_bob}/roles/{role}")
    changed = {"name": "watcher", "capabilities": [Capability.USERS_READ]}
    yield "change_role", lambda: ada.patch(path, changed)
    await grant(api, bob, role)
    yield "delete_role", lambda: ada.delete(path)
    yield "list_installation_events", lambda: ada.get("/v1/audit-events")


async def _make_rows(team: Team, person: Person) -> Mapping[str, str]:
    """Make the team's owner an administrator, to whom the lists have a second page."""
    api, administrator = team.api, await administrator_role(team.api)
    if not await api.owner.userrole.count(where={"userId": team.owner.id, "roleId": administrator}):
        await grant(api, team.owner, administrator)
    roles = [await create_role(api, f"role-{uuid.uuid4().hex[:8]}") for _ in range(2)]
    other = team.member if person is team.owner else team.owner
    for role in roles:
        await grant(api, person, role)
        await api.owner.auditevent.create({"actorId": person.id, "action": "test"})
    await grant(api, other, roles[0])
    return {"roleId": roles[0]}


async def _create(owner: Prisma, holder: Holder) -> None:
    role = await owner.role.create({"name": f"role-of-{holder.name}"})
    await owner.rolecapability.create({"roleId": role.id, "capabilityName": Capability.AUDIT_READ})
    await owner.userrole.create({"userId": holder.user, "roleId": role.id})
    await owner.auditevent.create({"actorId": holder.user, "action": "test"})


async def _grant_to_bob(world: World) -> None:
    role = await world.client.role.find_first_or_raise()
    await world.client.userrole.create({"userId": world.bob.user, "roleId": role.id})


async def _extend(world: World) -> None:
    role = await world.client.role.find_first_or_raise()
    await world.client.rolecapability.create(
        {"roleId": role.id, "capabilityName": Capability.USERS_READ}
    )


DOMAIN = Domain(
    statements={
        "read_my_capabilities": 1,
        "list_capabilities": 1,
        "list_roles": 2,
        "create_role": 8,
        "read_role": 2,
        "change_role": 10,
        "delete_role": 10,
        "list_users_of_role": 3,
        "list_users": 2,
        "read_user": 2,
        "list_roles_of_user": 3,
        "grant_role": 10,
        "revoke_role": 10,
        "list_installation_events": 2,
    },
    requests=_requests,
    audited={
        "create_role": ("role.created",),
        "change_role": ("role.changed",),
        "delete_role": ("role.revoked", "role.deleted"),
        "grant_role": ("role.granted",),
        "revoke_role": ("role.revoked",),
    },
    parameters={"roleId": new_uuid},
    make_rows=_make_rows,
    bodies={
        "create_role": lambda _: {"name": "reader", "capabilities": []},
        "change_role": lambda _: {"description": "Changed"},
    },
    lists={
        "list_roles": (),
        "list_users_of_role": ("{roleId}",),
        "list_users": ("", "\U0010ffff", ""),
        "list_roles_of_user": ("{userId}",),
        "list_installation_events": (),
    },
    many_rows="""
        INSERT INTO "Role" (id, name)
        SELECT gen_random_uuid(), 'role-' || n FROM generate_series(1, 1000) AS n;
        INSERT INTO "RoleCapability" ("roleId", "capabilityName")
        SELECT id, 'users.read' FROM "Role" ON CONFLICT DO NOTHING;
        INSERT INTO "UserRole" ("userId", "roleId") SELECT '{user}', id FROM "Role"
        ON CONFLICT DO NOTHING;
        INSERT INTO "UserRole" ("userId", "roleId") SELECT "User".id, '{roleId}' FROM "User"
        ON CONFLICT DO NOTHING;
        INSERT INTO "AuditEvent" (id, "actorId", action)
        SELECT gen_random_uuid(), '{user}', 'role.granted' FROM generate_series(1, 1000);
    """,
    contract_rows="""
        DELETE FROM "Role" WHERE NOT "isBuiltIn";
        INSERT INTO "UserRole" ("userId", "roleId")
        SELECT '{user}', id FROM "Role" WHERE "isBuiltIn";
        INSERT INTO "Role" (id, name) VALUES ('018f0000-0000-7000-8000-000000000020', 'support');
    """,
    contract_values={"roleId": ("018f0000-0000-7000-8000-000000000020",)},
    policy_rows=PolicyRows(
        create=_create,
        seen_by_user={"Role": 1, "RoleCapability": 1, "UserRole": 1},
        forged={
            "role": lambda world: world.client.role.create({"name": "forged"}),
            "capability of a role": _extend,
            "grant of a role": _grant_to_bob,
        },
    ),
)
