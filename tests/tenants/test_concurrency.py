"""Contradicting requests at the same time: never a tenant without an administrator, or a 500."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from httpx import Response
from prisma.enums import TenantUserRole

from app.access import Capability
from tests.fix_access import make_capable
from tests.fix_api import Api, Person
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.workspaces.test_locks import done_or_blocked

ADMIN = TenantUserRole.ADMIN
NEW = {"name": "Iron Temple", "administrator": {"email": "boss@example.com"}}
Act = Callable[[TenantTeam, Person, Person], Awaitable[Response]]


async def delete(team: TenantTeam, caller: Person, user: Person) -> Response:
    return await caller.delete(f"{team.path}/users/{user.id}?confirm=true")


async def lower(team: TenantTeam, caller: Person, user: Person) -> Response:
    body = {"role": "STAFF", "confirm": True}
    return await caller.patch(f"{team.path}/users/{user.id}", body)


GOINGS: dict[str, Act] = {"delete": delete, "lower": lower}


async def in_turns(api: Api, *acts: Awaitable[Response]) -> list[Response]:
    """Let requests wait for the lock on the tenant, in this order, and then go on."""
    tasks: list[asyncio.Task[Response]] = []
    async with api.hold('SELECT id FROM "Tenant" FOR UPDATE'):
        for act in acts:
            tasks.append(asyncio.ensure_future(act))  # pyright: ignore[reportArgumentType]  # coroutines
            await done_or_blocked(api, tasks)
        assert not any(task.done() for task in tasks), "a request does not take the lock"
    return [await task for task in tasks]


def codes(answers: list[Response]) -> dict[str, int]:
    return dict(Counter("done" if each.is_success else each.json()["code"] for each in answers))


@pytest.mark.parametrize("first", GOINGS)
@pytest.mark.parametrize("second", GOINGS)
async def test_both_administrators_go(api: Api, first: str, second: str):
    """The second stays."""
    team = await make_tenant_team(api, "red")
    other = await team.joined("other", ADMIN)

    answers = await in_turns(
        api,
        GOINGS[first](team, team.admin, team.admin),
        GOINGS[second](team, other, other),
    )

    assert [answers[0].is_success, answers[1].json()["code"]] == [True, "last_admin"]
    assert (await team.roles())[other.id] == "ADMIN"


@pytest.mark.parametrize("act", GOINGS)
async def test_administrators_remove_each_other(api: Api, act: str):
    """The second is no administrator any more when their turn comes."""
    team = await make_tenant_team(api, "red")
    other = await team.joined("other", ADMIN)

    answers = await in_turns(
        api,
        GOINGS[act](team, team.admin, other),
        GOINGS[act](team, other, team.admin),
    )

    assert answers[0].is_success
    expected = "tenant_not_found" if act == "delete" else "role_too_low"
    assert answers[1].json()["code"] == expected
    assert (await team.roles())[team.admin.id] == "ADMIN"


async def test_an_address_is_created_once(api: Api):
    """Of two requests at once the second is a conflict."""
    team = await make_tenant_team(api, "red")
    body = {"email": "tim@example.com"}

    answers = await in_turns(api, *(team.admin.post(f"{team.path}/users", body) for _ in range(2)))

    assert codes(answers) == {"done": 1, "user_exists": 1}


async def test_a_user_is_created_while_the_tenant_is_deleted(api: Api):
    """Their administrator belongs to nothing any more."""
    team = await make_tenant_team(api, "red")
    mia = await make_capable(api, "mia", Capability.TENANTS_MANAGE)

    deleted, created = await in_turns(
        api,
        mia.delete(team.path),
        team.admin.post(f"{team.path}/users", {"email": "tim@example.com"}),
    )

    assert deleted.status_code == 204
    assert created.json()["code"] == "tenant_not_found"
    assert await api.owner.tenantuser.count() == 0


async def test_a_tenant_is_deleted_twice(api: Api):
    """The second finds none."""
    team = await make_tenant_team(api, "red")
    mia = await make_capable(api, "mia", Capability.TENANTS_MANAGE)

    answers = await in_turns(api, mia.delete(team.path), mia.delete(team.path))

    assert codes(answers) == {"done": 1, "tenant_not_found": 1}


async def test_a_domain_is_given_once(api: Api):
    """Any number of tenants that want it at once: one gets it."""
    managers = [await make_capable(api, f"m{n}", Capability.TENANTS_MANAGE) for n in range(4)]
    body = {**NEW, "domain": "iron.example.com"}

    answers = await asyncio.gather(*(each.post("/v1/tenants", body) for each in managers))

    assert codes(answers) == {"done": 1, "domain_taken": 3}
    assert await api.owner.tenant.count() == await api.owner.tenantuser.count() == 1


async def test_a_capability_is_revoked_meanwhile(api: Api):
    """A change that began before ends without effect, and with a 403."""
    team = await make_tenant_team(api, "red")
    mia = await make_capable(api, "mia", Capability.TENANTS_MANAGE)
    lock = "SELECT pg_advisory_xact_lock(hashtext('tenantry'), hashtext('roles'))"
    acts = (
        mia.post("/v1/tenants", NEW),
        mia.patch(team.path, {"name": "Mine"}),
        mia.delete(team.path),
    )

    async with api.hold(lock) as tx:
        tasks = [asyncio.ensure_future(act) for act in acts]
        await api.wait_for_blocked_queries(len(tasks))
        await tx.userrole.delete_many()
    answers = [await task for task in tasks]

    assert codes(answers) == {"capability_missing": 3}
    assert [tenant.id for tenant in await api.owner.tenant.find_many()] == [team.id]


async def test_the_account_of_the_manager_is_deleted_meanwhile(api: Api):
    """Nobody creates a tenant who does not exist."""
    mia = await make_capable(api, "mia", Capability.TENANTS_MANAGE)

    async with api.hold('SELECT id FROM "User" FOR UPDATE') as tx:
        task = asyncio.ensure_future(mia.post("/v1/tenants", NEW))
        await api.wait_for_blocked_queries(1)
        await tx.user.delete_many()
    answer = await task

    assert answer.json()["code"] == "not_signed_in"
    assert await api.owner.tenant.count() == 0
