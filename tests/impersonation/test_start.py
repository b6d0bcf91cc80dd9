"""Starting an impersonation: who may act as whom, where, and for how long."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from app.impersonation.rules import STARTS
from tests.domains import new_uuid
from tests.fix_api import Api
from tests.fix_impersonation import (
    REASON,
    AnyTeam,
    allow_impersonation,
    grant_capabilities,
    impersonate,
    make_impersonator,
    start,
)
from tests.fix_team import Team


async def test_start(team: Team):
    """The response has the token and what it is for; nothing but reading and a quarter hour."""
    await allow_impersonation(team)
    support = await make_impersonator(team.api, "support")

    answer = await start(support, team, team.member)

    assert answer.status_code == 201
    started = answer.json()
    token = started.pop("accessToken")
    created = datetime.fromisoformat(started.pop("createdAt"))
    assert datetime.fromisoformat(started.pop("expiresAt")) == created + timedelta(minutes=15)
    assert started.pop("id")
    assert started == {
        "impersonatorId": support.id,
        "impersonatorName": "Support",
        "userId": team.member.id,
        "workspaceId": team.id,
        "organizationId": None,
        "reason": REASON,
        "mode": "read",
        "tokenType": "Bearer",
        "expiresIn": 900,
    }
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["kind"], claims["sub"], claims["act"]) == (
        "impersonation",
        team.member.id,
        {"sub": support.id},
    )
    assert claims["exp"] - claims["iat"] in (899, 900)
    assert (await team.api.client(token).get(team.path)).json()["role"] == "member"


@pytest.mark.parametrize(
    "body",
    [
        {"reason": "too short"},
        {"reason": "a b c d e f g h i"},
        {"reason": " \u200b" * 20},
        {"reason": "r" * 501},
        {"minutes": 0},
        {"minutes": 61},
        {"mode": "admin"},
        {"workspaceId": None},
        {"workspaceId": "\0"},
        {"organizationId": new_uuid()},
        {"userId": "somebody"},
    ],
)
async def test_invalid_input(team: Team, body: dict[str, object]):
    """A reason of ten visible characters, an hour at most, one tenancy."""
    await allow_impersonation(team)
    support = await make_impersonator(team.api, "support")

    answer = await start(support, team, team.member, **body)

    assert answer.status_code == 422, answer.text
    assert not await team.api.owner.impersonationsession.count()


async def test_a_capability_is_needed(team: Team):
    """Nobody acts as somebody else without it, whatever their role in the tenancy is."""
    await allow_impersonation(team)
    answer = await start(team.owner, team, team.member)
    assert (answer.status_code, answer.json()["code"]) == (403, "capability_missing")
    assert answer.json()["capabilities"] == ["impersonate"]


async def test_writing_needs_another_capability(team: Team):
    """`impersonate` alone allows to read."""
    support = await make_impersonator(team.api, "support", "impersonate")
    await allow_impersonation(team)
    answer = await start(support, team, team.member, mode="write")
    assert (answer.status_code, answer.json()["code"]) == (403, "capability_missing")
    assert answer.json()["capabilities"] == ["impersonate.write"]
    assert (await start(support, team, team.member)).status_code == 201


async def test_the_owner_must_allow_it(any_team: AnyTeam):
    """It is off by default."""
    support = await make_impersonator(any_team.api, "support")
    answer = await start(support, any_team, any_team.member)
    assert (answer.status_code, answer.json()["code"]) == (403, "impersonation_not_allowed")


@pytest.mark.parametrize("is_allowed", [True, False])
async def test_what_does_not_exist_and_who_is_no_member_are_the_same(team: Team, is_allowed: bool):
    """The answer does not tell which workspaces and users there are."""
    await allow_impersonation(team, allowed=is_allowed)
    support = await make_impersonator(team.api, "support")
    stranger = await team.api.person("stranger")
    answers = [
        await start(support, team, stranger),
        await start(support, team, stranger, userId=new_uuid()),
        await start(support, team, team.member, workspaceId="nothing12345"),
        await start(support, team, team.member, workspaceId=None, organizationId=new_uuid()),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


async def test_nobody_acts_as_somebody_more_capable(team: Team):
    """A user with a capability that the caller lacks cannot be impersonated; equals can."""
    support = await make_impersonator(team.api, "support")
    await grant_capabilities(team.api, team.admin, "users.read", "impersonate", "audit.read")
    await grant_capabilities(team.api, team.member, "impersonate")
    await allow_impersonation(team)

    answer = await start(support, team, team.admin)

    assert (answer.status_code, answer.json()["code"]) == (403, "user_more_capable")
    assert answer.json()["capabilities"] == ["audit.read", "users.read"]
    assert (await start(support, team, team.member)).status_code == 201


async def test_nobody_acts_as_themselves(team: Team):
    """Not even in a workspace of their own."""
    await grant_capabilities(team.api, team.owner, "impersonate")
    await allow_impersonation(team)
    answer = await start(team.owner, team, team.owner)
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot_impersonate_yourself")


async def test_no_chaining(team: Team):
    """Whoever acts as somebody with the capability cannot act as a third person."""
    support = await make_impersonator(team.api, "support")
    await grant_capabilities(team.api, team.admin, "impersonate")
    admin = await impersonate(support, team, team.admin, mode="write")
    answer = await start(admin, team, team.member)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_while_impersonating")


async def test_starts_are_throttled(team: Team):
    """Refused ones count, because they tell who is a member of what."""
    support = await make_impersonator(team.api, "support")
    for _ in range(STARTS.max_attempts):
        assert (await start(support, team, team.member, userId=new_uuid())).status_code == 404
    answer = await start(support, team, team.member)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")


async def test_it_does_not_outlast_the_impersonators_session(api: Api, team: Team):
    """It ends when the session in which it was started would."""
    support = await make_impersonator(api, "support")
    await allow_impersonation(team)
    ends = datetime.now(UTC) + timedelta(minutes=5)
    await api.owner.session.update_many(where={"id": support.session}, data={"expiresAt": ends})
    started = (await start(support, team, team.member, minutes=60)).json()
    assert datetime.fromisoformat(started["expiresAt"]) == ends
    assert started["expiresIn"] <= 300


async def test_the_token_cannot_be_refreshed(team: Team):
    """It has no refresh token, and is none."""
    support = await make_impersonator(team.api, "support")
    await allow_impersonation(team)
    token = (await start(support, team, team.member)).json()["accessToken"]
    answer = await team.api.anonymous.post("/v1/auth/refresh", json={"refreshToken": token})
    assert answer.status_code == 401
    assert not await team.api.owner.refreshtoken.count()


async def test_the_trail_tells_both_people(team: Team):
    """The owner reads who acted as whom, why and how."""
    support = await make_impersonator(team.api, "support")
    member = await impersonate(support, team, team.member, mode="write", minutes=30)
    assert (await member.get(team.path)).status_code == 200
    await support.delete(f"/v1/impersonations/{member.session}")

    events = (await team.owner.get(f"{team.path}/audit-events")).json()["items"]

    assert {
        (event["actorId"], event["impersonatorId"], event["subjectId"]) for event in events
    } == {(team.member.id, support.id, member.session)}
    assert [(event["action"], event["details"]) for event in reversed(events)] == [
        ("impersonation.started", {"mode": "write", "minutes": 30, "reason": REASON}),
        (
            "impersonation.request",
            {
                "mode": "write",
                "method": "GET",
                "route": "/v1/workspaces/{workspaceId}",
                "parameters": {"workspaceId": team.id},
            },
        ),
        ("impersonation.ended", {"mode": "write", "endedById": support.id, "reason": None}),
    ]
