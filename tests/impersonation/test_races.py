"""Impersonations and the changes that forbid them, at the same moment."""

import asyncio

import pytest

from app.kit.ids import FIRST_UUID
from tests.fix_api import Api, Person
from tests.fix_impersonation import (
    AnyTeam,
    allow_impersonation,
    impersonate,
    make_impersonator,
    start,
)
from tests.fix_team import Team

# What another transaction does while a start waits for it, and what the start then answers.
CHANGES = {
    "consent": (
        'UPDATE "Workspace" SET "impersonationAllowed" = false WHERE id = \'{team}\'',
        (403, "impersonation_not_allowed"),
    ),
    "membership": (
        'DELETE FROM "WorkspaceMember" WHERE "userId" = \'{member}\'',
        (404, "member_not_found"),
    ),
    "account": ("DELETE FROM \"User\" WHERE id = '{member}'", (404, "member_not_found")),
    "workspace": ("DELETE FROM \"Workspace\" WHERE id = '{team}'", (404, "member_not_found")),
    "role": ('DELETE FROM "UserRole" WHERE "userId" = \'{support}\'', (403, "capability_missing")),
    "capability": ('DELETE FROM "RoleCapability"', (403, "capability_missing")),
    "log-out": ("DELETE FROM \"Session\" WHERE id = '{session}'", (401, "not_signed_in")),
    "impersonator's account": (
        "DELETE FROM \"User\" WHERE id = '{support}'",
        (401, "not_signed_in"),
    ),
}
_LOCK_ROLES = "SELECT pg_advisory_xact_lock(hashtext('tenantry'), hashtext('roles'))"


@pytest.fixture
async def support(api: Api) -> Person:
    return await make_impersonator(api, "support")


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_while_starting(api: Api, team: Team, support: Person, change: str):
    """The start waits for the change, and then finds that it may not."""
    await allow_impersonation(team)
    sql, expected = CHANGES[change]
    values = {
        "team": team.id,
        "member": team.member.id,
        "support": support.id,
        "session": support.session,
    }
    async with api.owner.tx() as tx:
        if "Role" in sql:
            await tx.query_raw(_LOCK_ROLES)  # as app/access does
        await tx.execute_raw(sql.format(**values))  # pyright: ignore[reportArgumentType]  # constants above
        starting = asyncio.create_task(start(support, team, team.member, mode="write"))
        await api.wait_for_blocked_queries(1)

    answer = await starting

    assert (answer.status_code, answer.json()["code"]) == expected
    assert not await api.owner.impersonationsession.count()
    assert not [each for each in await team.actions() if each.startswith("impersonation.")]


async def test_a_start_that_comes_first(api: Api, team: Team, support: Person):
    """Withdrawing the consent waits for it, and ends it."""
    await allow_impersonation(team)
    async with api.owner.tx() as tx:
        await tx.query_raw(
            "SELECT lock_impersonation_terms($1::uuid, $2::uuid, $3, NULL)",
            support.session,
            team.member.id,
            team.id,
        )
        withdrawing = asyncio.create_task(allow_impersonation(team, allowed=False))
        await api.wait_for_blocked_queries(1)
        assert not withdrawing.done()
    await withdrawing
    assert (await start(support, team, team.member)).status_code == 403


@pytest.mark.parametrize("attempt", range(3))
async def test_ended_by_both_sides(any_team: AnyTeam, support: Person, attempt: int):
    """It ends once, whoever is first, and everybody gets an answer."""
    member = await impersonate(support, any_team, any_team.member)
    ends = [
        support.delete(f"/v1/impersonations/{member.session}"),
        any_team.member.delete(f"/v1/me/sessions/{member.session}"),
        member.post("/v1/impersonation/end"),
        support.post("/v1/auth/log-out"),
        allow_impersonation(any_team, allowed=False),
        member.get(any_team.path),
    ]
    answers = await asyncio.gather(*ends[attempt:], *ends[:attempt])
    statuses = {answer.status_code for answer in answers if answer is not None}
    assert statuses <= {200, 204, 401, 404}
    assert (await any_team.actions()).count("impersonation.ended") == 1
    assert not await any_team.api.owner.impersonationsession.count()
    assert not await any_team.api.owner.session.count(where={"id": member.session})


ENDS_SEVERAL = {
    "consent": 'UPDATE "Workspace" SET "impersonationAllowed" = false',
    "workspace": 'DELETE FROM "Workspace"',
    "membership": 'DELETE FROM "WorkspaceMember" WHERE "userId" = \'{member}\'',
    "session": "DELETE FROM \"Session\" WHERE id = '{session}'",
}


@pytest.mark.parametrize("end", ENDS_SEVERAL)
async def test_several_end_in_the_order_of_their_ids(
    api: Api, team: Team, support: Person, end: str
):
    """Whoever waits for the first has locked none of the others."""
    member = await impersonate(support, team, team.member)
    later = await api.owner.impersonationsession.find_unique_or_raise(where={"id": member.session})
    await api.owner.impersonationsession.create(
        {
            "id": FIRST_UUID,  # created last, so that no index and no scan finds it first
            "impersonatorId": support.id,
            "impersonatorSessionId": support.session,
            "userId": team.member.id,
            "workspaceId": team.id,
            "reason": later.reason,
            "expiresAt": later.expiresAt,
        }
    )
    sql = ENDS_SEVERAL[end].format(member=team.member.id, session=support.session)
    lock = 'SELECT id FROM "ImpersonationSession" WHERE id = $1::uuid FOR UPDATE NOWAIT'
    async with api.owner.tx() as tx:
        await tx.query_raw(lock, FIRST_UUID)
        ending = asyncio.create_task(api.owner.execute_raw(sql))  # pyright: ignore[reportArgumentType]  # constants above
        await api.wait_for_blocked_queries(1)
        assert await tx.query_raw(lock, later.id)
    await ending
    assert not await api.owner.impersonationsession.count()


async def test_the_session_and_the_impersonation_end_at_once(api: Api, team: Team, support: Person):
    """Whoever deletes one of the rows does not wait for whoever deletes the other."""
    member = await impersonate(support, team, team.member)
    async with api.owner.tx() as tx:
        await tx.query_raw(
            'SELECT id FROM "Session" WHERE id = $1::uuid FOR UPDATE', member.session
        )
        assert (await support.delete(f"/v1/impersonations/{member.session}")).status_code == 204
        await tx.execute_raw('DELETE FROM "Session" WHERE id = $1::uuid', member.session)
    assert (await team.actions()).count("impersonation.ended") == 1
    assert not await api.owner.session.count(where={"id": member.session})
