"""Each way in which an impersonation ends, at the next request at the latest."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from tests.fix_api import PASSWORD, Api, Person
from tests.fix_impersonation import (
    AnyTeam,
    allow_impersonation,
    grant_capabilities,
    impersonate,
    make_impersonator,
    start,
)
from tests.fix_team import Team

# What ends it: the team, the impersonator, and the member as whom they act.
Ending = Callable[[AnyTeam, Person, Person], Awaitable[object]]

_NEW = {"currentPassword": PASSWORD, "newPassword": "another horse on the moon"}
_DELETION = {"password": PASSWORD}


async def _end_the_membership(team: AnyTeam, _: Person, __: Person) -> None:
    for table in ("WorkspaceMember", "OrganizationMember"):
        await team.api.owner.execute_raw(
            f'DELETE FROM "{table}" WHERE "userId" = $1::uuid',  # pyright: ignore[reportArgumentType]  # constants
            team.member.id,
        )


async def _lose_the_role(team: AnyTeam, support: Person, _: Person) -> None:
    await team.api.owner.userrole.delete_many(where={"userId": support.id})


async def _lose_the_capability(team: AnyTeam, _: Person, __: Person) -> None:
    await team.api.owner.rolecapability.delete_many(where={"capabilityName": "impersonate"})


async def _lose_the_capability_to_write(team: AnyTeam, _: Person, __: Person) -> None:
    await team.api.owner.rolecapability.delete_many(where={"capabilityName": "impersonate.write"})


async def _transfer(team: AnyTeam, _: Person, __: Person) -> None:
    offered = await team.owner.post(f"{team.path}/transfer", {"userId": team.admin.id})
    assert offered.status_code == 201, offered.text
    assert (await team.admin.post(f"{team.path}/transfer/accept")).status_code == 200


ENDINGS: dict[str, Ending] = {
    "by its id": lambda _, support, member: support.delete(f"/v1/impersonations/{member.session}"),
    "with its own token": lambda _, __, member: member.post("/v1/impersonation/end"),
    "by the user": lambda team, _, member: team.member.delete(f"/v1/me/sessions/{member.session}"),
    "user's password": lambda team, _, __: team.member.post("/v1/me/password", _NEW),
    "user's account": lambda team, _, __: team.member.delete("/v1/me", _DELETION),
    "membership": _end_the_membership,
    "user gains a capability": lambda team, _, __: grant_capabilities(
        team.api, team.member, "audit.read"
    ),
    "consent": lambda team, _, __: allow_impersonation(team, allowed=False),
    "ownership": _transfer,
    "workspace or organization": lambda team, _, __: team.delete(),
    "impersonator logs out": lambda _, support, __: support.post("/v1/auth/log-out"),
    "impersonator's account": lambda _, support, __: support.delete("/v1/me", _DELETION),
    "role": _lose_the_role,
    "capability": _lose_the_capability,
    "capability to write": _lose_the_capability_to_write,
}


# Those that a condition ends, which no longer holds; somebody ends the others.
REASONS = {
    "membership": "membership_ended",
    "user gains a capability": "capabilities_changed",
    "consent": "consent_withdrawn",
    "ownership": "consent_withdrawn",
    "workspace or organization": "membership_ended",
    "role": "capabilities_changed",
    "capability": "capabilities_changed",
    "capability to write": "capabilities_changed",
}


BY_THE_USER = {"by the user", "user's password", "user's account"}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_it_ends(any_team: AnyTeam, ending: str):
    """The token stops working, both rows are gone, and the trail says it once."""
    team = any_team
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member, mode="write")
    assert (await member.get(team.path)).status_code == 200

    await ENDINGS[ending](team, support, member)

    for _ in range(2):
        answer = await member.get(team.path)
        assert (answer.status_code, answer.json()["code"]) == (401, "impersonation_over")
        assert answer.headers["Impersonated-By"] == support.id
    assert not await team.api.owner.impersonationsession.count()
    assert not await team.api.owner.session.count(where={"id": member.session})
    actions = await team.actions()
    assert actions.count("impersonation.ended") == 1
    assert actions.count("impersonation.request") == 1
    event = await team.api.owner.auditevent.find_first_or_raise(
        where={"action": "impersonation.ended"}
    )
    reason = REASONS.get(ending)
    ended_by = None if reason else (team.member if ending in BY_THE_USER else support).id
    assert event.details == {"mode": "write", "endedById": ended_by, "reason": reason}


async def test_consent_ends_with_the_ownership(any_team: AnyTeam):
    """The new owner has not agreed: nobody acts as a member until they do."""
    support = await make_impersonator(any_team.api, "support")
    await allow_impersonation(any_team)
    await _transfer(any_team, support, support)
    answer = await start(support, any_team, any_team.member)
    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation_not_allowed")
    assert not (await any_team.admin.get(any_team.path)).json()["impersonationAllowed"]


async def test_consent_stays_with_an_owner_who_stays(team: Team):
    """Whoever offers and keeps the ownership of an organization has agreed."""
    organization = team.organization
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, organization, organization.member)
    offer = {"userId": organization.admin.id, "keepsOwnership": True}
    assert (await organization.owner.post(f"{organization.path}/transfer", offer)).is_success
    assert (await organization.admin.post(f"{organization.path}/transfer/accept")).is_success
    assert (await member.get(organization.path)).status_code == 200


@pytest.mark.parametrize("what", ["session", "impersonationsession"])
async def test_it_expires(team: Team, what: str):
    """The session of the user and the impersonation are refused from their expiry on."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member)
    await getattr(team.api.owner, what).update_many(
        where={"id": member.session}, data={"expiresAt": datetime.now(UTC)}
    )
    assert (await member.get(team.path)).status_code == 401


async def test_the_token_expires_with_it(team: Team, monkeypatch: pytest.MonkeyPatch):
    """Even if a clock of the database were wrong."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member, minutes=1)
    monkeypatch.setattr("app.auth.tokens.time.time", lambda: datetime.now(UTC).timestamp() + 61)
    answer = await member.get(team.path)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


async def test_a_sweep_records_the_end(team: Team):
    """Nobody ended one that has expired."""
    from app.operations.sweeps import _delete, _expiries  # pyright: ignore[reportPrivateUsage]

    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member)
    await team.api.owner.session.update_many(
        where={"id": member.session}, data={"expiresAt": datetime.now(UTC)}
    )
    expiry = next(_expiries(team.api.app.state.settings, datetime.now(UTC)))
    async with team.api.owner.tx() as tx:
        assert await _delete(tx, expiry, 10) == (1, 1)
    event = await team.api.owner.auditevent.find_first_or_raise(
        where={"action": "impersonation.ended"}
    )
    assert (event.actorId, event.impersonatorId) == (team.member.id, support.id)
    assert event.details == {"mode": "read", "endedById": None, "reason": "expired"}
    assert not await team.api.owner.impersonationsession.count()


async def test_ending_returns_to_your_own_account(team: Team):
    """The impersonator's own session was never touched."""
    support = await make_impersonator(team.api, "support")
    before = await team.api.owner.session.find_unique(where={"id": support.session})
    member = await impersonate(support, team, team.member)
    assert (await member.post("/v1/impersonation/end")).status_code == 204
    assert (await support.get("/v1/me")).json()["id"] == support.id
    assert await team.api.owner.session.find_unique(where={"id": support.session}) == before


async def test_ended_twice(team: Team):
    """The second time there is nothing to end."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member)
    path = f"/v1/impersonations/{member.session}"
    assert (await support.delete(path)).status_code == 204
    answer = await support.delete(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "impersonation_not_found")
    answer = await member.post("/v1/impersonation/end")
    assert (answer.status_code, answer.json()["code"]) == (401, "impersonation_over")
    assert (await team.actions()).count("impersonation.ended") == 1


async def test_only_those_involved_end_it(team: Team):
    """Other holders of the capability do not see it."""
    support, other = [await make_impersonator(team.api, name) for name in ("support", "other")]
    member = await impersonate(support, team, team.member)
    for person in (other, team.owner, team.member):
        assert (await person.delete(f"/v1/impersonations/{member.session}")).status_code == 404
        assert (await person.get("/v1/impersonations")).json()["items"] == []
    assert (await support.delete("/v1/impersonations/nothing")).status_code == 404
    assert (await member.get(team.path)).status_code == 200


async def test_a_user_token_ends_no_impersonation(team: Team):
    """The route without an id is for the token of the impersonation itself."""
    support = await make_impersonator(team.api, "support")
    await impersonate(support, team, team.member)
    for person in (support, team.member):
        answer = await person.post("/v1/impersonation/end")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_impersonating")
    assert await team.api.owner.impersonationsession.count() == 1


async def test_the_user_sees_it_among_their_sessions(team: Team):
    """Who acts, why, how and until when; their own sessions have no such entry."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member, mode="write")
    shown, own = (await team.member.get("/v1/me/sessions")).json()["items"]
    assert own["impersonation"] is None
    assert own["current"]
    assert shown["id"] == member.session
    assert not shown["current"]
    assert shown["impersonation"]["impersonatorId"] == support.id
    assert shown["impersonation"]["impersonatorName"] == "Support"
    assert shown["impersonation"]["mode"] == "write"
    assert shown["impersonation"]["reason"]
    assert shown["impersonation"]["expiresAt"] == shown["expiresAt"]


async def test_the_impersonator_lists_their_own(api: Api, team: Team):
    """Those that are not over, newest first, in pages."""
    support = await make_impersonator(api, "support")
    assert (await start(support, team, team.owner)).status_code == 403
    ids = [
        (await impersonate(support, team, person)).session
        for person in (team.owner, team.admin, team.member)
    ]
    await api.owner.impersonationsession.update_many(
        where={"id": ids[0]}, data={"expiresAt": datetime.now(UTC)}
    )
    first = (await support.get("/v1/impersonations?take=1")).json()
    cursor = first["nextCursor"]
    second = (await support.get(f"/v1/impersonations?take=1&cursor={cursor}")).json()
    assert [item["id"] for item in first["items"] + second["items"]] == ids[:0:-1]
    assert second["nextCursor"] is None
