"""Granting and revoking roles: who may, what it changes, and what the audit trail says."""

from typing import Any

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
from tests.fix_api import PASSWORD, Api

NOBODY = "018f0000-0000-7000-8000-000000000000"


async def test_grant_and_revoke_are_idempotent(api: Api):
    """A second time they succeed, and neither changes nor records anything."""
    ada, bob = await make_administrator(api), await api.person("bob")
    path = f"/v1/users/{bob.id}/roles/{await create_role(api, 'support')}"

    granted = [(await ada.put(path)).status_code for _ in range(2)]
    assert await roles_of(api, bob) == {"support"}
    revoked = [(await ada.delete(path)).status_code for _ in range(2)]

    assert granted + revoked == [204] * 4
    assert await roles_of(api, bob) == set()
    assert await api.owner.auditevent.count() == 2


async def test_both_sides_are_listed(api: Api):
    """A user's roles and a role's users, in pages, with who granted them."""
    ada, bob = await make_administrator(api), await api.person("bob")
    ids = [await create_role(api, name) for name in ("one", "two", "three")]
    for id_ in ids:
        await ada.put(f"/v1/users/{bob.id}/roles/{id_}")
    cleo = await api.person("cleo")
    await grant(api, cleo, ids[0])

    path = f"/v1/users/{bob.id}/roles?take=2"
    first = (await ada.get(path)).json()
    rest = (await ada.get(f"{path}&cursor={first['nextCursor']}")).json()
    held = first["items"] + rest["items"]
    path = f"/v1/roles/{ids[0]}/users?take=1"
    newest = (await ada.get(path)).json()
    oldest = (await ada.get(f"{path}&cursor={newest['nextCursor']}")).json()

    assert [each["role"] for each in held] == [
        {"id": id_, "name": name}
        for id_, name in sorted(zip(ids, ("one", "two", "three"), strict=True), reverse=True)
    ]
    assert {each["grantedById"] for each in held} == {ada.id}
    assert held[0].keys() == {"roleId", "grantedById", "createdAt", "role"}
    (of_cleo,), (of_bob,) = newest["items"], oldest["items"]
    assert of_cleo["user"] == {"id": cleo.id, "email": cleo.email, "name": "Cleo"}
    assert (of_cleo["grantedById"], of_bob["grantedById"]) == (None, ada.id)
    assert of_bob["user"]["id"] == of_bob["userId"] == bob.id


@pytest.mark.parametrize("user", [NOBODY, "x", NOBODY.upper()])
async def test_an_unknown_user_is_not_found(api: Api, user: str):
    """Whatever is asked of them, and whatever their id looks like."""
    ada = await make_administrator(api)
    path = f"/v1/users/{user}"
    role = await create_role(api, "support")
    answers = [
        await ada.get(path),
        await ada.get(f"{path}/roles"),
        await ada.put(f"{path}/roles/{role}"),
        await ada.delete(f"{path}/roles/{role}"),
    ]

    assert {(each.status_code, each.json()["code"]) for each in answers} == {
        (404, "user_not_found")
    }


async def test_an_unconfirmed_account_gets_no_role(api: Api):
    """Until the address is confirmed, nobody knows whose account it is."""
    ada, bob = await make_administrator(api), await api.person("bob", confirmed=False)
    path = f"/v1/users/{bob.id}/roles/{await create_role(api, 'support')}"

    answer = await ada.put(path)

    assert (answer.status_code, answer.json()["code"]) == (409, "user_not_confirmed")
    assert await roles_of(api, bob) == set()


async def test_nobody_grants_or_revokes_what_they_lack(api: Api):
    """The answer lists all that is missing; also for the built-in role, and for themselves."""
    bob = await make_capable(api, "bob", Capability.ROLES_MANAGE, Capability.USERS_READ)
    ada = await make_administrator(api)
    mixed = await create_role(api, "mixed", Capability.USERS_READ, Capability.AUDIT_READ)
    root = await administrator_role(api)
    await grant(api, ada, mixed)
    lacking = set(Capability) - {Capability.ROLES_MANAGE, Capability.USERS_READ}
    answers = [
        (await bob.put(f"/v1/users/{bob.id}/roles/{mixed}"), {"audit.read"}),
        (await bob.delete(f"/v1/users/{ada.id}/roles/{mixed}"), {"audit.read"}),
        (await bob.put(f"/v1/users/{bob.id}/roles/{root}"), lacking),
        (await bob.delete(f"/v1/users/{ada.id}/roles/{root}"), lacking),
    ]

    for answer, missing in answers:
        body = answer.json()
        assert (answer.status_code, body["code"]) == (403, "capabilities_lacking")
        assert body["capabilities"] == sorted(missing)
        assert all(capability in body["detail"] for capability in missing)
    assert await roles_of(api, bob) == {"role-of-bob"}
    assert await roles_of(api, ada) == {"administrator", "mixed"}


async def test_what_several_roles_contain_together_suffices(api: Api):
    """Capabilities count, not roles: two roles of one capability each allow one of both."""
    bob = await make_capable(api, "bob", Capability.ROLES_MANAGE)
    await grant(api, bob, await create_role(api, "auditor", Capability.AUDIT_READ))
    both = await create_role(api, "both", Capability.ROLES_MANAGE, Capability.AUDIT_READ)
    cleo = await api.person("cleo")

    assert (await bob.put(f"/v1/users/{cleo.id}/roles/{both}")).status_code == 204
    assert await roles_of(api, cleo) == {"both"}


async def test_an_administrator_may_resign(api: Api):
    """Revoking your own role works, is recorded, and holds from the next request on."""
    ada = await make_administrator(api)
    path = f"/v1/users/{ada.id}/roles/{await administrator_role(api)}"

    assert (await ada.delete(path)).status_code == 204

    assert (await ada.put(path)).json()["code"] == "capability_missing"
    (event,) = await api.owner.auditevent.find_many()
    assert (event.action, event.actorId, event.subjectId) == ("role.revoked", ada.id, ada.id)


async def test_grants_end_with_the_account(api: Api):
    """A deleted account leaves no grant; what it granted stays, by nobody."""
    ada, bob = await make_administrator(api), await api.person("bob")
    role = await create_role(api, "support")
    await ada.put(f"/v1/users/{bob.id}/roles/{role}")

    assert (await ada.delete("/v1/me", {"password": PASSWORD})).status_code == 204

    (left,) = await api.owner.userrole.find_many()
    assert (left.userId, left.grantedById) == (bob.id, None)


async def test_every_change_is_recorded(api: Api):
    """Who did what to which role or user, and what was before; the newest comes first."""
    ada, bob = await make_administrator(api), await api.person("bob")
    new = {"name": "support", "capabilities": ["users.read"]}
    role = (await ada.post("/v1/roles", new)).json()["id"]
    other = await create_role(api, "other")
    await grant(api, bob, other)
    await ada.patch(f"/v1/roles/{role}", {"name": "helper", "capabilities": ["users.read"]})
    await ada.patch(f"/v1/roles/{role}", {"description": "D", "capabilities": []})
    await ada.patch(f"/v1/roles/{role}", {"description": "D", "name": "helper"})
    await ada.put(f"/v1/users/{bob.id}/roles/{role}")
    await ada.delete(f"/v1/users/{bob.id}/roles/{role}")
    await ada.put(f"/v1/users/{bob.id}/roles/{role}")
    await ada.delete(f"/v1/roles/{role}")
    await ada.patch(f"/v1/roles/{other}", {"name": "helper"})

    events = await _events(api, ada)

    granted = {"roleId": role, "role": "helper", "before": ["other"]}
    revoked = {"roleId": role, "role": "helper", "before": ["helper", "other"]}
    final: dict[str, object] = {"name": "helper", "description": "D", "capabilities": []}
    assert events == [
        ("role.created", role, {**new, "description": None}),
        ("role.changed", role, {"before": {"name": "support"}, "name": "helper"}),
        (
            "role.changed",
            role,
            {
                "before": {"description": None, "capabilities": ["users.read"]},
                "description": "D",
                "capabilities": [],
            },
        ),
        ("role.granted", bob.id, granted),
        ("role.revoked", bob.id, revoked),
        ("role.granted", bob.id, granted),
        ("role.revoked", bob.id, revoked),
        ("role.deleted", role, final),
        ("role.changed", other, {"before": {"name": "other"}, "name": "helper"}),
    ]


async def _events(api: Api, reader: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the events of the installation in the order of their creation."""
    items = (await reader.get("/v1/audit-events")).json()["items"]
    assert {item["actorId"] for item in items} == {reader.id}
    assert [item["id"] for item in items] == sorted((item["id"] for item in items), reverse=True)
    stored = await api.owner.query_raw('SELECT id FROM "AuditEvent" ORDER BY ctid')
    by_id = {item["id"]: (item["action"], item["subjectId"], item["details"]) for item in items}
    return [by_id[row["id"]] for row in stored]


async def test_roles_end_with_the_account(api: Api):
    """The trail of the installation says so: whoever held a role holds it no more."""
    ada, bob = await make_administrator(api), await api.person("bob")
    id_ = await create_role(api, "support")
    await ada.put(f"/v1/users/{bob.id}/roles/{id_}")

    assert (await bob.delete("/v1/me", {"password": PASSWORD})).status_code == 204

    event = (await ada.get("/v1/audit-events")).json()["items"][0]
    assert (event["action"], event["actorId"], event["subjectId"]) == (
        "role.revoked",
        bob.id,
        bob.id,
    )
    assert event["details"] == {
        "roleId": id_,
        "role": "support",
        "before": ["support"],
        "reason": "account deleted",
    }
