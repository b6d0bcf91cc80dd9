"""Invitations: created, listed, revoked, accepted."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from app.auth import hash_secret
from tests.fix_api import Api
from tests.fix_team import Team

GUEST = "guest@example.com"
EXPIRED = timedelta(seconds=-1)


async def test_invite(team: Team):
    """The token is returned once; its hash is stored."""
    answer = await team.admin.post(f"{team.path}/invitations", {"email": "Guest@Example.COM"})

    assert answer.status_code == 201
    made = answer.json()
    assert (made["email"], made["role"]) == (GUEST, "member")
    stored = await team.api.owner.invitation.find_first_or_raise()
    assert stored.hash == hash_secret(made["token"])
    assert timedelta(days=6) < stored.expiresAt - datetime.now(UTC) <= timedelta(days=7)
    (listed,) = (await team.owner.get(f"{team.path}/invitations")).json()["items"]
    assert listed == {name: value for name, value in made.items() if name != "token"}
    assert await team.api.link(GUEST, "Invitation to Team red") == made["token"]
    assert await team.actions() == ["invitation.created"]


async def test_invite_too_many(team: Team):
    """A user sends at most 100 invitations per hour, because each is a mail to any address."""
    await team.owner.post(f"{team.path}/invitations", {"email": GUEST})
    await team.api.owner.throttle.update_many(where={}, data={"count": 100})

    answer = await team.owner.post(f"{team.path}/invitations", {"email": "more@example.com"})

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    another = await team.admin.post(f"{team.path}/invitations", {"email": "more@example.com"})
    assert another.status_code == 201


async def test_invite_twice(team: Team):
    """The first invitation stays unchanged."""
    first = await team.owner.post(f"{team.path}/invitations", {"email": GUEST, "role": "admin"})
    answer = await team.owner.post(f"{team.path}/invitations", {"email": GUEST.upper()})

    assert (answer.status_code, answer.json()["code"]) == (409, "already_invited")
    stored = await team.api.owner.invitation.find_first_or_raise()
    assert (stored.hash, stored.role) == (hash_secret(first.json()["token"]), "admin")
    assert await team.actions() == ["invitation.created"]


async def test_invite_again_after_expiry(team: Team):
    """An expired invitation is replaced, and its token stays invalid."""
    _, old = await team.invited(GUEST, expires=EXPIRED)
    guest = await team.api.person("guest")

    answer = await team.owner.post(f"{team.path}/invitations", {"email": GUEST})

    assert answer.status_code == 201
    assert (await guest.post("/v1/invitations/accept", {"token": old})).status_code == 404
    accepted = await guest.post("/v1/invitations/accept", {"token": answer.json()["token"]})
    assert accepted.status_code == 200


async def test_invite_a_member(team: Team):
    """A member cannot be invited again."""
    answer = await team.owner.post(f"{team.path}/invitations", {"email": team.member.email})

    assert (answer.status_code, answer.json()["code"]) == (409, "already_member")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "nobody"},
        {"email": "a@b@example.com"},
        {"email": "a\0@example.com"},
        {"email": "a" * 250 + "@example.com"},
        {"email": GUEST, "role": "owner"},
        {"email": GUEST, "expiresAt": "2099-01-01"},
    ],
)
async def test_bad_input(team: Team, body: object):
    """Invalid bodies are refused, and create no invitation."""
    answer = await team.owner.post(f"{team.path}/invitations", body)

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert await team.api.owner.invitation.count() == 0


async def test_list_in_pages(team: Team):
    """The list has each invitation once, the newest first."""
    made = [(await team.invited(f"guest{number}@example.com"))[0] for number in range(3)]

    first = (await team.owner.get(f"{team.path}/invitations?take=2")).json()
    cursor = first["nextCursor"]
    last = (await team.owner.get(f"{team.path}/invitations?take=2&cursor={cursor}")).json()

    # Ids grow with time, except within a millisecond.
    ids = [item["id"] for item in first["items"] + last["items"]]
    assert ids == sorted(made, reverse=True)
    assert last["nextCursor"] is None


async def test_revoke(team: Team):
    """The token stops working, and another revocation is a 404."""
    id_, token = await team.invited(GUEST)
    guest = await team.api.person("guest")

    assert (await team.admin.delete(f"{team.path}/invitations/{id_}")).status_code == 204

    assert (await team.admin.delete(f"{team.path}/invitations/{id_}")).status_code == 404
    assert (await guest.post("/v1/invitations/accept", {"token": token})).status_code == 404
    assert await team.actions() == ["invitation.revoked"]


@pytest.mark.parametrize("id_", ["nothing", "%00", "00000000-0000-7000-8000-000000000000"])
async def test_revoke_an_unknown_id(team: Team, id_: str):
    """The response is a 404, whatever the id looks like."""
    answer = await team.admin.delete(f"{team.path}/invitations/{id_}")

    assert (answer.status_code, answer.json()["code"]) == (404, "invitation_not_found")


async def test_accept(team: Team):
    """The guest becomes a member with the invitation's role, once."""
    await team.invited("another@example.com")
    answer = await team.owner.post(f"{team.path}/invitations", {"email": GUEST, "role": "admin"})
    guest = await team.api.person("guest")
    token = {"token": answer.json()["token"]}

    accepted = await guest.post("/v1/invitations/accept", token)

    assert accepted.status_code == 200
    assert (accepted.json()["id"], accepted.json()["role"]) == (team.id, "admin")
    assert accepted.json() == (await guest.get(team.path)).json()
    assert (await team.roles())[guest.id] == "admin"
    assert (await guest.post("/v1/invitations/accept", token)).status_code == 404
    assert await team.actions() == ["invitation.created", "invitation.accepted"]
    event = await team.api.owner.auditevent.find_first_or_raise(order={"id": "desc"})
    assert event.actorId == guest.id


async def test_accept_an_invitation_of_somebody_else(team: Team):
    """It gets the same answer as an unknown token, even if it has expired."""
    _, token = await team.invited(GUEST)
    _, expired = await team.invited("old@example.com", expires=EXPIRED)
    stranger = await team.api.person("stranger")

    answers = [
        await stranger.post("/v1/invitations/accept", {"token": text})
        for text in (token, expired, "nothing")
    ]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert stranger.id not in await team.roles()
    assert await team.api.owner.invitation.count() == 2


async def test_accept_with_an_address_that_is_not_confirmed(team: Team):
    """Signing up with somebody's address is not enough to use their invitation."""
    _, token = await team.invited(GUEST)
    guest = await team.api.person("guest", confirmed=False)

    answers = [
        await guest.post("/v1/invitations/accept", {"token": text}) for text in (token, "nothing")
    ]

    assert [answer.json()["code"] for answer in answers] == ["email_not_confirmed"] * 2
    assert guest.id not in await team.roles()


async def test_accept_too_late(team: Team):
    """An expired invitation is a 410."""
    _, token = await team.invited(GUEST, expires=EXPIRED)
    guest = await team.api.person("guest")

    answer = await guest.post("/v1/invitations/accept", {"token": token})

    assert (answer.status_code, answer.json()["code"]) == (410, "invitation_expired")


@pytest.mark.parametrize("token", ["", "a\0b", "\ud800", "x" * 201, 7, None])
async def test_accept_an_impossible_token(api: Api, token: object):
    """A token that no invitation can have is a 422."""
    guest = await api.person("guest")

    answer = await guest.post(
        "/v1/invitations/accept",
        content=json.dumps({"token": token}),
        headers={"Content-Type": "application/json"},
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_accept_as_a_member(team: Team):
    """Members keep their role, and the invitation stays."""
    _, token = await team.invited(team.admin.email)

    answer = await team.admin.post("/v1/invitations/accept", {"token": token})

    assert (answer.status_code, answer.json()["code"]) == (409, "already_member")
    assert (await team.roles())[team.admin.id] == "admin"
    assert await team.actions() == []


async def test_one_address_gets_a_limited_number_of_invitations(team: Team):
    """Inviting and revoking in turns sends at most 20 mails a day to one address."""
    statuses: list[int] = []
    for _ in range(21):
        made = await team.owner.post(f"{team.path}/invitations", {"email": GUEST})
        statuses.append(made.status_code)
        if made.is_success:
            await team.owner.delete(f"{team.path}/invitations/{made.json()['id']}")

    assert statuses == [201] * 20 + [429]
    another = await team.owner.post(f"{team.path}/invitations", {"email": "more@example.com"})
    assert another.status_code == 201
