"""Roles: what administrators create, change and delete, and what stops them."""

from datetime import datetime

import pytest

from app.access import Capability
from tests.fix_access import (
    administrator_role,
    create_role,
    grant,
    make_administrator,
    make_capable,
    roles_of,
)
from tests.fix_api import Api

NOBODY = "018f0000-0000-7000-8000-000000000000"


async def test_create_and_read_a_role(api: Api):
    """The answer shows every field; reading it again shows the same."""
    ada = await make_administrator(api)
    body = {"name": "support", "description": "First line", "capabilities": ["users.read"] * 2}

    answer = await ada.post("/v1/roles", body)

    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        "id": made["id"],
        "name": "support",
        "description": "First line",
        "isBuiltIn": False,
        "capabilities": ["users.read"],
        "createdAt": made["createdAt"],
        "updatedAt": made["updatedAt"],
    }
    assert datetime.fromisoformat(made["createdAt"]).tzinfo
    assert (await ada.get(f"/v1/roles/{made['id']}")).json() == made


async def test_the_list_has_pages(api: Api):
    """Newest first; the built-in role came with the first migration."""
    ada = await make_administrator(api)
    for name in ("one", "two"):
        await ada.post("/v1/roles", {"name": name, "capabilities": ["users.read", "audit.read"]})

    first = (await ada.get("/v1/roles?take=2")).json()
    second = (await ada.get(f"/v1/roles?take=2&cursor={first['nextCursor']}")).json()

    assert [role["name"] for role in first["items"]] == ["two", "one"]
    assert first["items"][0]["capabilities"] == ["audit.read", "users.read"]
    assert [(role["name"], role["isBuiltIn"]) for role in second["items"]] == [
        ("administrator", True)
    ]
    assert second["items"][0]["capabilities"] == sorted(Capability)
    assert second["nextCursor"] is None


async def test_omitted_fields_stay(api: Api):
    """A change names what changes; null removes the description."""
    ada = await make_administrator(api)
    body = {"name": "support", "description": "First line", "capabilities": ["users.read"]}
    path = f"/v1/roles/{(await ada.post('/v1/roles', body)).json()['id']}"

    unchanged = (await ada.patch(path, {})).json()
    renamed = (await ada.patch(path, {"name": "helpers"})).json()
    silent = (await ada.patch(path, {"description": None})).json()
    swapped = (await ada.patch(path, {"capabilities": ["audit.read"]})).json()

    fields = ("name", "description", "capabilities")
    assert [
        [each[field] for field in fields] for each in (unchanged, renamed, silent, swapped)
    ] == [
        ["support", "First line", ["users.read"]],
        ["helpers", "First line", ["users.read"]],
        ["helpers", None, ["users.read"]],
        ["helpers", None, ["audit.read"]],
    ]
    assert (await ada.get(path)).json() == swapped


async def test_deleting_a_role_takes_it_from_everybody(api: Api):
    """Its users lose it, and keep their others."""
    ada = await make_administrator(api)
    bob = await make_capable(api, "bob", Capability.USERS_READ)
    role = await create_role(api, "auditor", Capability.AUDIT_READ)
    await grant(api, bob, role)

    assert (await ada.delete(f"/v1/roles/{role}")).status_code == 204

    assert await roles_of(api, bob) == {"role-of-bob"}
    assert (await ada.get(f"/v1/roles/{role}")).status_code == 404


async def test_names_are_unique(api: Api):
    """Creating or renaming to a name that is taken is a conflict, and changes nothing."""
    ada = await make_administrator(api)
    await create_role(api, "taken")
    other = await create_role(api, "other", Capability.USERS_READ)

    created = await ada.post("/v1/roles", {"name": "taken", "capabilities": []})
    renamed = await ada.patch(f"/v1/roles/{other}", {"name": "taken", "capabilities": []})

    assert [each.json()["code"] for each in (created, renamed)] == ["role_exists"] * 2
    assert [each.status_code for each in (created, renamed)] == [409] * 2
    assert (await ada.get(f"/v1/roles/{other}")).json()["capabilities"] == ["users.read"]


@pytest.mark.parametrize(
    "body",
    [
        {"capabilities": []},
        {"name": "Support", "capabilities": []},
        {"name": "with space", "capabilities": []},
        {"name": "administrat\u043er", "capabilities": []},
        {"name": "x", "capabilities": []},
        {"name": "x" * 51, "capabilities": []},
        {"name": "support"},
        {"name": "support", "capabilities": ["everything"]},
        {"name": "support", "capabilities": ["users.read"] * 100},
        {"name": "support", "capabilities": None},
        {"name": "support", "capabilities": [], "isBuiltIn": True},
    ],
)
async def test_bad_input_is_refused(api: Api, body: object):
    """A 422 names the field; nothing is created."""
    ada = await make_administrator(api)

    answer = await ada.post("/v1/roles", body)

    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert await api.owner.role.count() == 1


async def test_the_built_in_role_stays(api: Api):
    """Not even an administrator changes or deletes it."""
    ada = await make_administrator(api)
    path = f"/v1/roles/{await administrator_role(api)}"

    answers = [await ada.patch(path, {"name": "root"}), await ada.delete(path)]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [
        (409, "role_built_in")
    ] * 2


@pytest.mark.parametrize("role", [NOBODY, "x", NOBODY.upper()])
async def test_an_unknown_role_is_not_found(api: Api, role: str):
    """Whatever is asked of it, and whatever its id looks like."""
    ada = await make_administrator(api)
    path, grant_path = f"/v1/roles/{role}", f"/v1/users/{ada.id}/roles/{role}"
    answers = [
        await ada.get(path),
        await ada.patch(path, {"name": "new"}),
        await ada.delete(path),
        await ada.get(f"{path}/users"),
        await ada.put(grant_path),
        await ada.delete(grant_path),
    ]

    assert {(each.status_code, each.json()["code"]) for each in answers} == {
        (404, "role_not_found")
    }


async def test_nobody_moves_what_they_lack(api: Api):
    """Creating, extending, restricting, renaming and deleting a role need all its capabilities."""
    bob = await make_capable(api, "bob", Capability.ROLES_MANAGE, Capability.USERS_READ)
    mixed = await create_role(api, "mixed", Capability.USERS_READ, Capability.AUDIT_READ)
    small = await create_role(api, "small", Capability.USERS_READ)
    audit_read = {"name": "new", "capabilities": ["audit.read", "impersonate", "users.read"]}
    answers = {
        "create": await bob.post("/v1/roles", audit_read),
        "extend": await bob.patch(f"/v1/roles/{small}", {"capabilities": ["audit.read"]}),
        "restrict": await bob.patch(f"/v1/roles/{mixed}", {"capabilities": ["users.read"]}),
        "rename": await bob.patch(f"/v1/roles/{mixed}", {"name": "new"}),
        "delete": await bob.delete(f"/v1/roles/{mixed}"),
    }

    refused = {name: (each.status_code, each.json()) for name, each in answers.items()}
    assert {status for status, _ in refused.values()} == {403}
    assert {body["code"] for _, body in refused.values()} == {"capabilities_lacking"}
    assert {name: body["capabilities"] for name, (_, body) in refused.items()} == {
        "create": ["audit.read", "impersonate"],
        "extend": ["audit.read"],
        "restrict": ["audit.read"],
        "rename": ["audit.read"],
        "delete": ["audit.read"],
    }
    ada = await make_administrator(api)
    stored = {
        role["name"]: role["capabilities"] for role in (await ada.get("/v1/roles")).json()["items"]
    }
    assert stored.keys() == {"administrator", "role-of-bob", "mixed", "small"}
    assert stored["mixed"] == ["audit.read", "users.read"]
    assert stored["small"] == ["users.read"]


async def test_a_manager_may_lose_what_they_give_up(api: Api):
    """Taking the capability to manage roles from your own role works once, and is recorded."""
    bob = await make_capable(api, "bob", Capability.ROLES_MANAGE, Capability.USERS_READ)
    role = (await bob.get("/v1/roles")).json()["items"][0]
    path = f"/v1/roles/{role['id']}"

    changed = await bob.patch(path, {"capabilities": ["users.read"], "description": "Less"})

    assert changed.status_code == 200
    assert changed.json()["capabilities"] == ["users.read"]
    assert (await bob.patch(path, {"capabilities": []})).json()["code"] == "capability_missing"
    (event,) = await api.owner.auditevent.find_many()
    assert event.action == "role.changed"
