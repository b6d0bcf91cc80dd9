"""Members: listing, adding, changing roles, removing, leaving."""

import pytest
from prisma.enums import WorkspaceRole

from tests.fix_api import Api
from tests.fix_team import Team, make_team

NOBODY = "00000000-0000-7000-8000-000000000000"
NO_USERS = ("nobody", NOBODY, NOBODY.upper().replace("0", "A"), "%00", "1", f"{NOBODY}0")


async def test_list(team: Team):
    """The list has each member with user and role, in the order of joining, and no other fields."""
    page = (await team.member.get(f"{team.path}/members")).json()

    assert [item["role"] for item in page["items"]] == ["owner", "admin", "member"]
    assert page["nextCursor"] is None
    last = page["items"][-1]
    assert last.keys() == {"userId", "role", "joinedAt", "user"}
    assert last["user"] == {
        "id": team.member.id,
        "email": team.member.email,
        "name": "Member.Red",
    }


async def test_list_in_pages(team: Team):
    """Each member once, even if several joined at the same moment."""
    moment = (await team.api.owner.workspacemember.find_first_or_raise()).joinedAt
    for number in range(4):
        await team.joined(f"n{number}")
    await team.api.owner.workspacemember.update_many(where={}, data={"joinedAt": moment})

    seen: list[str] = []
    path, cursor = f"{team.path}/members?take=3", ""
    while cursor is not None:
        page = (await team.member.get(path + cursor)).json()
        seen += [item["userId"] for item in page["items"]]
        cursor = f"&cursor={page['nextCursor']}" if page["nextCursor"] else None

    assert len(seen) == 7
    assert set(seen) == set(await team.roles())


async def test_add_a_colleague(api: Api, team: Team):
    """A member of a shared workspace is added; their pending invitation is revoked."""
    other = await make_team(api, "blue")
    await other.add(team.admin)
    await team.invited(other.member.email)

    answer = await team.admin.post(f"{team.path}/members", {"userId": other.member.id})

    assert answer.status_code == 201
    assert answer.json()["user"]["email"] == other.member.email
    assert (await team.roles())[other.member.id] == "member"
    assert (await team.admin.get(f"{team.path}/invitations")).json()["items"] == []
    assert await team.actions() == ["invitation.revoked", "member.added"]


async def test_add_a_user_invited_as_an_admin(api: Api, team: Team):
    """An admin may not revoke that invitation, and so cannot add the user."""
    other = await make_team(api, "blue")
    await other.add(team.admin)
    await team.invited(other.member.email, role=WorkspaceRole.admin)

    answer = await team.admin.post(f"{team.path}/members", {"userId": other.member.id})

    assert answer.status_code == 403
    assert other.member.id not in await team.roles()
    assert await api.owner.invitation.count() == 1


async def test_add_a_stranger(api: Api, team: Team):
    """The answer does not tell whether the account exists."""
    stranger = await make_team(api, "blue")
    answers = [
        await team.owner.post(f"{team.path}/members", {"userId": user})
        for user in (stranger.owner.id, NOBODY)
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["code"] == "person_not_found"


async def test_add_a_member_again(team: Team):
    """The member keeps their role."""
    answer = await team.owner.post(
        f"{team.path}/members", {"userId": team.admin.id, "role": "member"}
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "already_member")
    assert (await team.roles())[team.admin.id] == "admin"
    assert await team.actions() == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"userId": "nobody"},
        {"userId": 7},
        {"userId": NOBODY, "role": "king"},
        {"userId": NOBODY, "role": None},
        {"userId": NOBODY, "workspaceId": "x"},
        [],
        "text",
        None,
    ],
)
async def test_bad_input(team: Team, body: object):
    """Invalid bodies are refused; other routes use the same schemas."""
    answer = await team.owner.post(f"{team.path}/members", body)

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


@pytest.mark.parametrize("user", NO_USERS)
async def test_an_unknown_user_id(team: Team, user: str):
    """There is no such member, whatever the id looks like."""
    for answer in (
        await team.owner.patch(f"{team.path}/members/{user}", {"role": "admin"}),
        await team.owner.delete(f"{team.path}/members/{user}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "member_not_found")


async def test_change_a_role(team: Team):
    """The next request has the new role; assigning the current role records no event."""
    for _ in range(2):
        answer = await team.owner.patch(f"{team.path}/members/{team.member.id}", {"role": "admin"})
        assert (answer.status_code, answer.json()["role"]) == (200, "admin")

    assert (await team.member.get(f"{team.path}/audit-events")).status_code == 200
    assert await team.actions() == ["member.role_changed"]


async def test_remove(team: Team):
    """The next request is a stranger's, and no session has the workspace selected."""
    await team.api.owner.session.update(
        where={"id": team.member.session}, data={"workspace": {"connect": {"id": team.id}}}
    )

    assert (await team.admin.delete(f"{team.path}/members/{team.member.id}")).status_code == 204

    assert (await team.member.get(team.path)).status_code == 404
    session = await team.api.owner.session.find_unique_or_raise(where={"id": team.member.session})
    assert session.workspaceId is None
    assert await team.actions() == ["member.removed"]


async def test_leave(team: Team):
    """A member leaves with their own id; the owner cannot."""
    assert (await team.admin.delete(f"{team.path}/members/{team.admin.id}")).status_code == 204
    refused = await team.owner.delete(f"{team.path}/members/{team.owner.id}")

    assert (refused.status_code, refused.json()["code"]) == (409, "owner_cannot_leave")
    assert await team.roles() == {
        team.owner.id: WorkspaceRole.owner,
        team.member.id: WorkspaceRole.member,
    }
    assert await team.actions() == ["member.left"]
