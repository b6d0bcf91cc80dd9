"""Invitations to a workspace and to an organization: created, listed, revoked, accepted."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from prisma.errors import PrismaError

from app.auth import hash_secret
from tests.fix_api import Api, disable_policies
from tests.fix_team import AnyTeam, make_organization_team, make_team

GUEST = "guest@example.com"
EXPIRED = timedelta(seconds=-1)
ACCEPT = "/v1/invitations/accept"


async def test_invite(any_team: AnyTeam):
    """The token is returned once; its hash is stored."""
    team = any_team
    answer = await team.admin.post(f"{team.path}/invitations", {"email": "Guest@Example.COM"})

    assert answer.status_code == 201
    made = answer.json()
    assert made.keys() == {
        "id", "email", "role", "invitedById", "createdAt", "expiresAt", "token",
    }  # fmt: skip
    assert (made["email"], made["role"]) == (GUEST, team.role("member"))
    assert made["invitedById"] == team.admin.id
    stored = await team.api.owner.invitation.find_first_or_raise()
    assert stored.hash == hash_secret(made["token"])
    assert timedelta(days=6) < stored.expiresAt - datetime.now(UTC) <= timedelta(days=7)
    (listed,) = (await team.owner.get(f"{team.path}/invitations")).json()["items"]
    assert listed == {name: value for name, value in made.items() if name != "token"}
    assert await team.actions() == ["invitation.created"]
    event = await team.api.owner.auditevent.find_first_or_raise()
    assert (event.actorId, event.subjectId) == (team.admin.id, made["id"])
    assert event.details == {"email": GUEST, "role": team.role("member")}


async def test_the_mail(any_team: AnyTeam):
    """It names who invites to what with which role, and its link has the token."""
    team = any_team
    answer = await team.owner.post(f"{team.path}/invitations", {"email": GUEST})

    text = await team.api.mail(GUEST, "Invitation to Team red")

    assert text.startswith(
        f'Owner. Red invites you to work in the {team.noun} "Team red" at Tenantry. '
        f"Your role in it will be {team.role('member')}. To accept,"
    )
    assert f"/accept-invitation#token={answer.json()['token']}\n" in text


async def test_invite_too_many(any_team: AnyTeam):
    """A user sends at most 100 invitations per hour, because each is a mail to any address."""
    team = any_team
    await team.owner.post(f"{team.path}/invitations", {"email": GUEST})
    await team.api.owner.throttle.update_many(where={}, data={"count": 100})

    answer = await team.owner.post(f"{team.path}/invitations", {"email": "more@example.com"})

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    another = await team.admin.post(f"{team.path}/invitations", {"email": "more@example.com"})
    assert another.status_code == 201


async def test_invite_twice(any_team: AnyTeam):
    """The first invitation stays unchanged."""
    team, role = any_team, any_team.role("admin")
    first = await team.owner.post(f"{team.path}/invitations", {"email": GUEST, "role": role})
    answer = await team.owner.post(f"{team.path}/invitations", {"email": GUEST.upper()})

    assert (answer.status_code, answer.json()["code"]) == (409, "already_invited")
    stored = await team.api.owner.invitation.find_first_or_raise()
    assert stored.hash == hash_secret(first.json()["token"])
    assert (stored.role or stored.organizationRole) == role
    assert await team.actions() == ["invitation.created"]


async def test_invite_again_after_expiry(any_team: AnyTeam):
    """An expired invitation is replaced, and its token stays invalid."""
    team = any_team
    _, old = await team.invited(GUEST, expires=EXPIRED)
    guest = await team.api.person("guest")

    answer = await team.owner.post(f"{team.path}/invitations", {"email": GUEST})

    assert answer.status_code == 201
    assert (await guest.post(ACCEPT, {"token": old})).status_code == 404
    accepted = await guest.post(ACCEPT, {"token": answer.json()["token"]})
    assert accepted.status_code == 200


async def test_invite_a_member(any_team: AnyTeam):
    """A member cannot be invited again."""
    team = any_team
    answer = await team.owner.post(f"{team.path}/invitations", {"email": team.member.email})

    assert (answer.status_code, answer.json()["code"]) == (409, "already_member")
    assert answer.json()["detail"] == f"This person is already a member of the {team.noun}."


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": "nobody"},
        {"email": "a@b@example.com"},
        {"email": "a\0@example.com"},
        {"email": "a" * 250 + "@example.com"},
        {"email": GUEST, "role": "editor"},
        {"email": GUEST, "role": None},
        {"email": GUEST, "expiresAt": "2099-01-01"},
    ],
)
async def test_bad_input(any_team: AnyTeam, body: object):
    """Invalid bodies are refused, and create no invitation."""
    answer = await any_team.owner.post(f"{any_team.path}/invitations", body)

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert await any_team.api.owner.invitation.count() == 0


async def test_list_in_pages(any_team: AnyTeam):
    """The list has each invitation once, the newest first."""
    team = any_team
    made = [(await team.invited(f"guest{number}@example.com"))[0] for number in range(3)]

    first = (await team.owner.get(f"{team.path}/invitations?take=2")).json()
    cursor = first["nextCursor"]
    last = (await team.owner.get(f"{team.path}/invitations?take=2&cursor={cursor}")).json()

    # Ids grow with time, except within a millisecond.
    ids = [item["id"] for item in first["items"] + last["items"]]
    assert ids == sorted(made, reverse=True)
    assert last["nextCursor"] is None


async def test_revoke(any_team: AnyTeam):
    """The token stops working, and another revocation is a 404."""
    team = any_team
    id_, token = await team.invited(GUEST)
    guest = await team.api.person("guest")

    assert (await team.admin.delete(f"{team.path}/invitations/{id_}")).status_code == 204

    assert (await team.admin.delete(f"{team.path}/invitations/{id_}")).status_code == 404
    assert (await guest.post(ACCEPT, {"token": token})).status_code == 404
    assert await team.actions() == ["invitation.revoked"]


@pytest.mark.parametrize("id_", ["nothing", "%00", "00000000-0000-7000-8000-000000000000"])
async def test_revoke_an_unknown_id(any_team: AnyTeam, id_: str):
    """The response is a 404, whatever the id looks like."""
    answer = await any_team.admin.delete(f"{any_team.path}/invitations/{id_}")

    assert (answer.status_code, answer.json()["code"]) == (404, "invitation_not_found")


@pytest.mark.parametrize("are_policies_on", [True, False])
async def test_invitations_of_another_tenancy(any_team: AnyTeam, are_policies_on: bool):
    """Another workspace or organization neither shows nor revokes them; each filter suffices."""
    team, api = any_team, any_team.api
    if not are_policies_on:
        await disable_policies(api.owner)
    id_, _ = await team.invited(GUEST)
    for other in (await make_team(api, "blue"), await make_organization_team(api, "green")):
        own, _ = await other.invited(GUEST)

        listed = (await other.owner.get(f"{other.path}/invitations")).json()["items"]
        answer = await other.owner.delete(f"{other.path}/invitations/{id_}")
        again = await other.owner.post(f"{other.path}/invitations", {"email": "new@example.com"})

        assert [item["id"] for item in listed] == [own]
        assert (answer.status_code, answer.json()["code"]) == (404, "invitation_not_found")
        assert again.status_code == 201
    assert await api.owner.invitation.count(where={"id": id_}) == 1


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_who_may_manage_invitations(any_team: AnyTeam, method: str):
    """Members get a 403 and strangers the 404 of a tenancy that does not exist."""
    team = any_team
    id_, _ = await team.invited(GUEST)
    path = f"{team.path}/invitations" + (f"/{id_}" if method == "DELETE" else "")
    body = {"json": {"email": "new@example.com"}} if method == "POST" else {}
    stranger = await team.api.person("stranger")

    refused = await team.member.request(method, path, **body)
    unknown = await stranger.request(method, path, **body)

    assert (refused.status_code, refused.json()["code"]) == (403, "role_too_low")
    assert (unknown.status_code, unknown.json()["code"]) == (404, f"{team.noun}_not_found")
    assert await team.api.owner.invitation.count() == 1


async def test_accept(any_team: AnyTeam):
    """The guest becomes a member with the invitation's role, once."""
    team, role = any_team, any_team.role("admin")
    await team.invited("another@example.com")
    answer = await team.owner.post(f"{team.path}/invitations", {"email": GUEST, "role": role})
    guest = await team.api.person("guest")
    token = {"token": answer.json()["token"]}

    accepted = await guest.post(ACCEPT, token)

    assert accepted.status_code == 200
    assert (accepted.json()["id"], accepted.json()["role"]) == (team.id, role)
    assert accepted.json() == (await guest.get(team.path)).json()
    assert (await team.roles())[guest.id] == role
    assert (await guest.post(ACCEPT, token)).status_code == 404
    assert await team.actions() == ["invitation.created", "invitation.accepted"]
    event = await team.api.owner.auditevent.find_first_or_raise(order={"id": "desc"})
    assert (event.actorId, event.subjectId) == (guest.id, answer.json()["id"])
    assert event.details == {"email": GUEST, "role": role}


async def test_accept_an_invitation_of_somebody_else(any_team: AnyTeam):
    """It gets the same answer as an unknown token, even if it has expired."""
    team = any_team
    _, token = await team.invited(GUEST)
    _, expired = await team.invited("old@example.com", expires=EXPIRED)
    stranger = await team.api.person("stranger")

    answers = [await stranger.post(ACCEPT, {"token": text}) for text in (token, expired, "nothing")]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert stranger.id not in await team.roles()
    assert await team.api.owner.invitation.count() == 2


async def test_accept_with_an_address_that_is_not_confirmed(any_team: AnyTeam):
    """Signing up with somebody's address is not enough to use their invitation."""
    team = any_team
    _, token = await team.invited(GUEST)
    guest = await team.api.person("guest", confirmed=False)

    answers = [await guest.post(ACCEPT, {"token": text}) for text in (token, "nothing")]

    assert [answer.json()["code"] for answer in answers] == ["email_not_confirmed"] * 2
    assert guest.id not in await team.roles()


async def test_accept_too_late(any_team: AnyTeam):
    """An expired invitation is a 410."""
    team = any_team
    _, token = await team.invited(GUEST, expires=EXPIRED)
    guest = await team.api.person("guest")

    answer = await guest.post(ACCEPT, {"token": token})

    assert (answer.status_code, answer.json()["code"]) == (410, "invitation_expired")
    assert guest.id not in await team.roles()


@pytest.mark.parametrize("token", ["", "a\0b", "\ud800", "x" * 201, 7, None])
async def test_accept_an_impossible_token(api: Api, token: object):
    """A token that no invitation can have is a 422."""
    guest = await api.person("guest")

    answer = await guest.post(
        ACCEPT,
        content=json.dumps({"token": token}),
        headers={"Content-Type": "application/json"},
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


@pytest.mark.parametrize("role", ["admin", "member"])
async def test_accept_as_a_member(any_team: AnyTeam, role: str):
    """Members keep their role, lower or higher, and the invitation stays."""
    team = any_team
    person = team.admin if role == "member" else team.member
    before = await team.roles()
    _, token = await team.invited(person.email, role=team.role(role))

    answer = await person.post(ACCEPT, {"token": token})

    assert (answer.status_code, answer.json()["code"]) == (409, "already_member")
    assert await team.roles() == before
    assert await team.actions() == []
    assert await team.api.owner.invitation.count() == 1


async def test_accept_after_the_deletion(any_team: AnyTeam):
    """What an invitation led into takes it along: its token is unknown."""
    team = any_team
    _, token = await team.invited(GUEST)
    guest = await team.api.person("guest")
    await team.delete()

    answer = await guest.post(ACCEPT, {"token": token})

    assert (answer.status_code, answer.json()["code"]) == (404, "invitation_not_found")


async def test_invitations_of_a_person_to_both_kinds(api: Api):
    """Each token leads into its own workspace or organization, and uses up no other."""
    guest = await api.person("guest")
    teams: list[AnyTeam] = [await make_team(api, "red"), await make_organization_team(api, "blue")]
    tokens = [(await team.invited(GUEST))[1] for team in teams]

    for team, token in zip(teams, tokens, strict=True):
        answer = await guest.post(ACCEPT, {"token": token})

        assert answer.status_code == 200
        assert answer.json()["id"] == team.id
        assert guest.id in await team.roles()
        assert await team.actions() == ["invitation.accepted"]


async def test_one_address_gets_a_limited_number_of_invitations(any_team: AnyTeam):
    """Inviting and revoking in turns sends at most 20 mails a day to one address."""
    team = any_team
    statuses: list[int] = []
    for _ in range(21):
        made = await team.owner.post(f"{team.path}/invitations", {"email": GUEST})
        statuses.append(made.status_code)
        if made.is_success:
            await team.owner.delete(f"{team.path}/invitations/{made.json()['id']}")

    assert statuses == [201] * 20 + [429]
    another = await team.owner.post(f"{team.path}/invitations", {"email": "more@example.com"})
    assert another.status_code == 201


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"role": "member"},
        {"organizationRole": "MEMBER"},
        {"workspaceId": "{workspace}"},
        {"organizationId": "{organization}"},
        {"workspaceId": "{workspace}", "organizationRole": "MEMBER"},
        {"organizationId": "{organization}", "role": "member"},
        {
            "workspaceId": "{workspace}",
            "role": "member",
            "organizationId": "{organization}",
            "organizationRole": "MEMBER",
        },
    ],
)
async def test_an_invitation_leads_into_one_tenancy(api: Api, columns: dict[str, str]):
    """The database refuses an invitation to both kinds or to none, or with the other's role."""
    workspace, organization = await make_team(api, "red"), await make_organization_team(api, "blue")
    ids = {"workspace": workspace.id, "organization": organization.id}
    row = {name: text.format(**ids) for name, text in columns.items()}

    with pytest.raises(PrismaError, match="Invitation_target_check"):
        await api.owner.query_raw(
            """
            INSERT INTO "Invitation" (
                id, hash, email, "expiresAt", "workspaceId", role, "organizationId",
                "organizationRole"
            )
            SELECT gen_random_uuid(), 'hash', 'a@example.com', now(), "workspaceId", role,
                "organizationId", "organizationRole"
            FROM jsonb_populate_record(NULL::"Invitation", $1::jsonb)
            """,
            json.dumps(row),
        )
