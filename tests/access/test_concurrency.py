"""Two administrators at once cannot pass on a capability that one of them lacks.

Changes of roles happen one after the other. Each test holds their lock, lets two requests queue for
it in both orders, and releases it.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest
from httpx import Response

from app.access import Capability, capabilities_of
from app.access.transactions import lock_roles
from tests.fix_access import create_role, grant, make_administrator, make_capable, roles_of
from tests.fix_api import PASSWORD, Api, Person

Send = Callable[[], Coroutine[Any, Any, Response]]


@dataclass
class Scene:
    """An administrator, a manager of roles who lacks `audit.read`, and a role of neither."""

    api: Api
    ada: Person
    bob: Person
    cleo: Person
    role: str

    @property
    def role_path(self) -> str:
        return f"/v1/roles/{self.role}"

    def grant_path(self, person: Person) -> str:
        return f"/v1/users/{person.id}/roles/{self.role}"


@pytest.fixture
async def scene(api: Api) -> Scene:
    return Scene(
        api,
        await make_administrator(api),
        await make_capable(api, "bob", Capability.ROLES_MANAGE, Capability.USERS_READ),
        await api.person("cleo"),
        await create_role(api, "support", Capability.USERS_READ),
    )


async def in_order(api: Api, *requests: Send) -> list[Response]:
    """Send requests that wait for the lock on roles; they get it in their order."""
    tasks: list[asyncio.Task[Response]] = []
    async with api.owner.tx() as tx:
        await lock_roles(tx)
        for request in requests:
            tasks.append(asyncio.create_task(request()))
            await api.wait_for_blocked_queries(len(tasks))
    return list(await asyncio.gather(*tasks))


def codes(answers: list[Response]) -> list[str]:
    return [each.json()["code"] if each.is_error else str(each.status_code) for each in answers]


@pytest.mark.parametrize("edit_first", [True, False])
async def test_a_role_is_extended_while_it_is_granted(scene: Scene, edit_first: bool):
    """Bob grants a role to which Ada adds what he lacks: he is refused, unless he came first."""
    extend = {"capabilities": ["users.read", "audit.read"]}
    edit: Send = lambda: scene.ada.patch(scene.role_path, extend)  # noqa: E731
    give: Send = lambda: scene.bob.put(scene.grant_path(scene.cleo))  # noqa: E731

    answers = await in_order(scene.api, *((edit, give) if edit_first else (give, edit)))

    expected = ["200", "capabilities_lacking"] if edit_first else ["204", "200"]
    assert codes(answers) == expected
    assert await roles_of(scene.api, scene.cleo) == (set() if edit_first else {"support"})


@pytest.mark.parametrize("revoke_first", [True, False])
async def test_the_granter_loses_the_right_meanwhile(scene: Scene, revoke_first: bool):
    """After Ada has taken Bob's role, he grants nothing that was on its way."""
    (held,) = await scene.api.owner.userrole.find_many(where={"userId": scene.bob.id})
    revoke: Send = lambda: scene.ada.delete(f"/v1/users/{scene.bob.id}/roles/{held.roleId}")  # noqa: E731
    give: Send = lambda: scene.bob.put(scene.grant_path(scene.bob))  # noqa: E731

    answers = await in_order(scene.api, *((revoke, give) if revoke_first else (give, revoke)))

    expected = ["204", "capability_missing"] if revoke_first else ["204", "204"]
    assert codes(answers) == expected
    assert await roles_of(scene.api, scene.bob) == (set() if revoke_first else {"support"})


async def test_the_granter_loses_one_capability_meanwhile(scene: Scene):
    """Ada takes `users.read` out of Bob's own role: he may no longer pass it on."""
    (held,) = await scene.api.owner.userrole.find_many(where={"userId": scene.bob.id})
    restrict = {"capabilities": ["roles.manage"]}

    answers = await in_order(
        scene.api,
        lambda: scene.ada.patch(f"/v1/roles/{held.roleId}", restrict),
        lambda: scene.bob.put(scene.grant_path(scene.bob)),
        lambda: scene.bob.post("/v1/roles", {"name": "mine", "capabilities": ["users.read"]}),
    )

    assert codes(answers) == ["200", "capabilities_lacking", "capabilities_lacking"]
    assert await capabilities_of(scene.bob.id, tx=scene.api.owner) == {"roles.manage"}


async def test_two_managers_take_the_right_from_each_other(scene: Scene):
    """One of them wins, and the other may no longer do it."""
    manager = await create_role(scene.api, "manager", *Capability)
    await grant(scene.api, scene.bob, manager)
    eve = await scene.api.person("eve")
    await grant(scene.api, eve, manager)
    (other,) = [
        held.roleId
        for held in await scene.api.owner.userrole.find_many(where={"userId": scene.bob.id})
        if held.roleId != manager
    ]
    await scene.api.owner.userrole.delete_many(where={"roleId": other})

    answers = await in_order(
        scene.api,
        lambda: scene.bob.delete(f"/v1/users/{eve.id}/roles/{manager}"),
        lambda: eve.delete(f"/v1/users/{scene.bob.id}/roles/{manager}"),
    )

    assert codes(answers) == ["204", "capability_missing"]
    assert await roles_of(scene.api, scene.bob) == {"manager"}


async def test_a_role_is_deleted_while_it_is_granted(scene: Scene):
    """The grant that comes second finds no role."""
    answers = await in_order(
        scene.api,
        lambda: scene.ada.delete(scene.role_path),
        lambda: scene.ada.put(scene.grant_path(scene.cleo)),
        lambda: scene.ada.patch(scene.role_path, {"name": "helper"}),
        lambda: scene.ada.delete(scene.role_path),
    )

    assert codes(answers) == ["204"] + ["role_not_found"] * 3


async def test_two_roles_get_the_same_name(scene: Scene):
    """The second one is refused."""
    body: dict[str, Any] = {"name": "twin", "capabilities": []}

    answers = await in_order(
        scene.api,
        lambda: scene.ada.post("/v1/roles", body),
        lambda: scene.bob.post("/v1/roles", body),
    )

    assert codes(answers) == ["201", "role_exists"]


async def test_the_same_grant_twice_at_once(scene: Scene):
    """Both succeed; there is one grant and one event."""
    give: Send = lambda: scene.ada.put(scene.grant_path(scene.cleo))  # noqa: E731

    assert codes(await in_order(scene.api, give, give)) == ["204", "204"]
    assert await roles_of(scene.api, scene.cleo) == {"support"}
    assert await scene.api.owner.auditevent.count() == 1


async def test_the_account_is_deleted_meanwhile(scene: Scene):
    """Whatever comes first, no grant is left and nothing fails unexpectedly."""
    give: Send = lambda: scene.ada.put(scene.grant_path(scene.cleo))  # noqa: E731
    leave: Send = lambda: scene.cleo.delete("/v1/me", {"password": PASSWORD})  # noqa: E731

    given, left = await asyncio.gather(give(), leave())

    assert left.status_code == 204
    assert codes([given]) in (["204"], ["user_not_found"])
    assert await scene.api.owner.userrole.count(where={"userId": scene.cleo.id}) == 0
