"""Capabilities: the table, the routes that require them, and when changes take effect."""

import pytest

from app.access import Capability
from tests.domains import api_routes, capability_of, method_of, new_uuid
from tests.fix_access import (
    administrator_role,
    create_role,
    grant,
    make_administrator,
    make_capable,
)
from tests.fix_api import Api


async def test_the_tables_contain_the_capabilities_of_the_code(api: Api):
    """The table and the enum agree, and the built-in role has every capability."""
    stored = await api.owner.capability.find_many()
    held = await api.owner.rolecapability.find_many(where={"roleId": await administrator_role(api)})

    assert {each.name for each in stored} == set(Capability)
    assert {each.capabilityName for each in held} == set(Capability)


async def test_every_capability_is_described(api: Api):
    """`GET /v1/capabilities` lists all of them, with a sentence for each."""
    ada = await make_administrator(api)

    items = (await ada.get("/v1/capabilities")).json()["items"]

    assert [item["name"] for item in items] == list(Capability)
    assert all(item["description"].endswith(".") for item in items)


async def test_a_caller_without_it_is_told_what_is_missing(api: Api):
    """403 names the capability, in the sentence and as a list."""
    ann = await make_capable(api, "ann", Capability.ROLES_MANAGE)

    answer = await ann.get("/v1/users")

    assert answer.status_code == 403
    assert answer.json() | {"type": "", "title": ""} == {
        "type": "",
        "title": "",
        "status": 403,
        "code": "capability_missing",
        "detail": "You need a role with the capability users.read.",
        "capabilities": ["users.read"],
    }


async def test_an_anonymous_caller_gets_401(api: Api):
    """Signing in comes first."""
    assert (await api.anonymous.get("/v1/users")).status_code == 401


@pytest.mark.parametrize(
    ("path", "capability"),
    [
        ("/v1/users", Capability.USERS_READ),
        ("/v1/roles", Capability.ROLES_MANAGE),
        ("/v1/audit-events", Capability.AUDIT_READ),
    ],
)
async def test_the_one_capability_suffices(api: Api, path: str, capability: Capability):
    """A route needs the capability that it declares; all others together do not replace it."""
    has_it = await make_capable(api, "ann", capability)
    lacks_it = await make_capable(api, "bob", *(set(Capability) - {capability}))

    assert (await has_it.get(path)).status_code == 200
    assert (await lacks_it.get(path)).status_code == 403


async def test_changes_take_effect_on_the_next_request(api: Api):
    """A grant, a change of the role and a revocation need no new log-in."""
    ada, bob = await make_administrator(api), await api.person("bob")
    role = await create_role(api, "reader")
    grant_path = f"/v1/users/{bob.id}/roles/{role}"

    async def status() -> int:
        return (await bob.get("/v1/users")).status_code

    seen = [await status()]
    for change in (
        lambda: ada.put(grant_path),
        lambda: ada.patch(f"/v1/roles/{role}", {"capabilities": ["users.read"]}),
        lambda: ada.delete(grant_path),
        lambda: ada.put(grant_path),
        lambda: ada.delete(f"/v1/roles/{role}"),
    ):
        assert (await change()).is_success
        seen.append(await status())

    assert seen == [403, 403, 200, 403, 200, 403]


async def test_everybody_may_read_their_own(api: Api):
    """The capabilities of all roles, each once, in alphabetical order."""
    ann = await make_capable(api, "ann", Capability.USERS_READ, Capability.AUDIT_READ)
    await grant(api, ann, await create_role(api, "reader", Capability.USERS_READ))
    bob = await api.person("bob")

    anns = (await ann.get("/v1/me/capabilities")).json()
    assert anns == {"capabilities": ["audit.read", "users.read"]}
    assert (await bob.get("/v1/me/capabilities")).json() == {"capabilities": []}


async def test_no_ordinary_caller_learns_what_exists(api: Api):
    """Each route that needs a capability gives the same answer about what exists and what not."""
    ann, bob = await api.person("ann"), await api.person("bob")
    existing = {
        "userId": bob.id,
        "roleId": await create_role(api, "reader", Capability.USERS_READ),
        "tenantId": (await api.owner.tenant.create({"name": "Studio"})).id,
    }
    bodies: dict[str, object] = {
        "create_role": {"name": "reader", "capabilities": []},
        "change_role": {"capabilities": []},
        "create_tenant": {"name": "Studio", "administrator": {"email": "ada@example.com"}},
        "change_tenant": {"name": "Renamed"},
    }
    guarded = {name: route for name, route in api_routes().items() if capability_of(route)}
    assert len(guarded) > 10

    for name, route in guarded.items():
        answers = [
            await ann.request(method_of(route), route.path.format(**ids), json=bodies.get(name))
            for ids in (existing, dict.fromkeys(existing, new_uuid()), dict.fromkeys(existing, "x"))
        ]
        assert {answer.status_code for answer in answers} == {403}, name
        assert len({answer.text for answer in answers}) == 1, name
