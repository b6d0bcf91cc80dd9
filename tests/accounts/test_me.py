"""The routes below /v1/me: account, password, sessions and workspace."""

import asyncio
import json
import uuid
from datetime import timedelta

import pytest

from app.accounts.login import TRIES
from app.auth.tokens import Tokens
from app.kit.ids import new_uuid7
from app.settings import Settings
from tests.fix_api import PASSWORD, Api, Person

NEW = "a fourth horse on the moon"
ROUTES = [
    ("GET", "/v1/me", None),
    ("PATCH", "/v1/me", {"name": "Ann"}),
    ("DELETE", "/v1/me", {"password": PASSWORD}),
    ("POST", "/v1/me/password", {"currentPassword": PASSWORD, "newPassword": NEW}),
    ("GET", "/v1/me/sessions", None),
    ("DELETE", f"/v1/me/sessions/{new_uuid7()}", None),
    ("PUT", "/v1/me/workspace", {"workspaceId": None}),
    ("POST", "/v1/auth/log-out", None),
]


async def workspace_of(api: Api, person: Person, id_: str = "") -> str:
    made = await api.owner.workspace.create(
        {"id": id_ or f"{person.email[:3]}sWorkspace", "name": "W", "ownerId": person.id}
    )
    return made.id


async def sessions_of(person: Person) -> list[str]:
    return [item["id"] for item in (await person.get("/v1/me/sessions")).json()["items"]]


@pytest.mark.parametrize(("method", "path", "body"), ROUTES)
async def test_anonymous_callers_are_refused(
    api: Api, method: str, path: str, body: dict[str, object] | None
):
    """No token, one signed with another key, one of a session that has ended: 401."""
    ann = await api.person("ann")
    stranger = Tokens(Settings.model_validate({"secret_key": "another key of enough characters"}))
    forged = stranger.access(user=ann.id, session=ann.session)
    bob = await api.person("bob")
    stolen = api.app.state.tokens.access(user=ann.id, session=bob.session)
    ended = await api.signed_in(ann.id, ann.email)
    await api.owner.session.delete(where={"id": ended.session})

    for http in (
        api.anonymous,
        api.client("x"),
        api.client(forged),
        api.client(stolen),
        ended.http,
    ):
        answer = await http.request(method, path, json=body)
        assert answer.status_code == 401
        assert answer.json()["code"] == "not_signed_in"
        assert answer.headers["www-authenticate"] == "Bearer"
    assert await api.owner.session.count() == 2


class TestChanging:
    """PATCH /v1/me"""

    async def test_a_name_is_changed_and_removed(self, api: Api):
        """Omitted fields stay unchanged."""
        ann = await api.person("ann")

        named = await ann.patch("/v1/me", {"name": "  Ann Oberly "})
        same = await ann.patch("/v1/me", {})
        without = await ann.patch("/v1/me", {"name": None})

        assert [answer.json()["name"] for answer in (named, same, without)] == [
            "Ann Oberly",
            "Ann Oberly",
            None,
        ]

    @pytest.mark.parametrize(
        "body", [{"name": "a\nb"}, {"email": "x@example.com"}, {"passwordHash": "x"}, [], None]
    )
    async def test_nothing_else_can_be_changed(self, api: Api, body: object):
        """Unknown fields are refused; nothing changes."""
        ann = await api.person("ann")
        before = (await ann.get("/v1/me")).content

        assert (await ann.patch("/v1/me", body)).status_code == 422
        assert (await ann.get("/v1/me")).content == before

    async def test_a_field_whose_name_is_not_valid_text(self, api: Api):
        """It is a 422 too."""
        ann = await api.person("ann")
        answer = await ann.request(
            "PATCH",
            "/v1/me",
            content=json.dumps({"\ud800": 1}),
            headers={"Content-Type": "application/json"},
        )

        assert answer.status_code == 422


class TestPassword:
    """POST /v1/me/password"""

    async def test_it_is_changed_and_other_sessions_end(self, api: Api):
        """The current session goes on; a mail tells the holder."""
        ann = await api.person("ann")
        other = await api.signed_in(ann.id, ann.email)
        bob = await api.person("bob")

        answer = await ann.post(
            "/v1/me/password", {"currentPassword": PASSWORD, "newPassword": NEW}
        )

        assert answer.status_code == 204
        assert (await ann.get("/v1/me")).status_code == 200
        assert (await other.get("/v1/me")).status_code == 401
        assert (await bob.get("/v1/me")).status_code == 200
        assert (await api.log_in(ann.email)).status_code == 401
        assert (await api.log_in(ann.email, NEW)).status_code == 200
        await api.mail(ann.email, "Your password was changed")

    async def test_it_needs_the_current_one(self, api: Api):
        """A stolen access token is not enough, nor does it serve to guess the password."""
        ann = await api.person("ann")
        body = {"currentPassword": "wrong", "newPassword": NEW}

        answers = [await ann.post("/v1/me/password", body) for _ in range(11)]

        assert [answer.status_code for answer in answers] == [403] * 10 + [429]
        assert answers[0].json()["code"] == "wrong_password"

    async def test_it_has_to_be_strong(self, api: Api):
        """The policy is the same as for signing up."""
        ann = await api.person("ann")
        answer = await ann.post(
            "/v1/me/password", {"currentPassword": PASSWORD, "newPassword": "aaaaaaaaaaaa"}
        )

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "body.newPassword"
        assert (await api.log_in(ann.email)).status_code == 200

    async def test_of_concurrent_changes_one_succeeds(self, api: Api):
        """Each needs the password that is stored when it writes."""
        ann = await api.person("ann")
        answers = await asyncio.gather(
            *(
                ann.post("/v1/me/password", {"currentPassword": PASSWORD, "newPassword": NEW + end})
                for end in "ab"
            )
        )

        assert sorted(answer.status_code for answer in answers) == [204, 403]

    async def test_spaces_belong_to_it(self, api: Api):
        """Nothing is stripped, and composed letters equal precomposed ones."""
        ann = await api.person("ann")
        new = "  Zo\u00eb between spaces  "
        await ann.post("/v1/me/password", {"currentPassword": PASSWORD, "newPassword": new})

        assert (await api.log_in(ann.email, new.strip())).status_code == 401
        assert (await api.log_in(ann.email, new.replace("\u00eb", "e\u0308"))).status_code == 200


class TestDeleting:
    """DELETE /v1/me"""

    async def test_it_deletes_what_the_user_owns(self, api: Api):
        """Their workspaces are deleted; others' workspaces lose a member; audit trails stay."""
        ann, bob = await api.person("ann"), await api.person("bob")
        anns, bobs = await workspace_of(api, ann), await workspace_of(api, bob)
        for workspace, user in ((anns, bob), (bobs, ann)):
            await api.owner.workspacemember.create({"workspaceId": workspace, "userId": user.id})
        await bob.put("/v1/me/workspace", {"workspaceId": anns})

        assert (await ann.delete("/v1/me", {"password": PASSWORD})).status_code == 204

        assert (await ann.get("/v1/me")).status_code == 401
        assert [user.id for user in await api.owner.user.find_many()] == [bob.id]
        assert [row.id for row in await api.owner.workspace.find_many()] == [bobs]
        assert [row.userId for row in await api.owner.workspacemember.find_many()] == [bob.id]
        session = await api.owner.session.find_unique_or_raise(where={"id": bob.session})
        assert session.workspaceId is None
        events = await api.owner.auditevent.find_many(where={"actorId": ann.id})
        assert {(event.workspaceId, event.action, event.subjectId) for event in events} == {
            (anns, "workspace.deleted", anns),
            (bobs, "member.left", ann.id),
        }
        assert await api.owner.auditevent.count() == 2
        for event in events:
            assert event.details == {"reason": "account deleted"}
            # Trails are read in the order of their ids, which contain the time.
            id_ = uuid.UUID(event.id)
            assert (id_.version, id_.variant) == (7, uuid.RFC_4122)
            assert abs((id_.int >> 80) - event.createdAt.timestamp() * 1000) < 60_000

    async def test_it_needs_the_password(self, api: Api):
        """Without it nothing is deleted."""
        ann = await api.person("ann")

        assert (await ann.delete("/v1/me", {"password": "wrong"})).status_code == 403
        assert (await ann.delete("/v1/me")).status_code == 422
        assert (await ann.get("/v1/me")).status_code == 200

    async def test_the_address_is_free_again(self, api: Api):
        """After deleting an account its holder may sign up again."""
        ann = await api.person("ann")
        await ann.delete("/v1/me", {"password": PASSWORD})
        await api.anonymous.post("/v1/auth/sign-up", json={"email": ann.email, "password": NEW})

        await api.mail(ann.email, "Confirm your e-mail address")


class TestSessions:
    """GET and DELETE /v1/me/sessions"""

    async def test_they_are_listed_in_pages(self, api: Api):
        """The newest first, only the caller's, none that expired; the current one is marked."""
        ann = await api.person("ann")
        await api.person("bob")
        await api.signed_in(ann.id, ann.email, expires=timedelta(seconds=-1))
        mine = [ann.session] + [(await api.signed_in(ann.id, ann.email)).session for _ in range(4)]
        seen: list[str] = []
        cursor = ""
        while True:
            page = (await ann.get(f"/v1/me/sessions?take=2{cursor}")).json()
            seen += [item["id"] for item in page["items"]]
            assert [item["id"] for item in page["items"] if item["current"]] in ([], [ann.session])
            if page["nextCursor"] is None:
                break
            cursor = f"&cursor={page['nextCursor']}"

        assert seen == sorted(mine, reverse=True)  # ids of the same millisecond are in any order
        assert set(page["items"][0]) == {
            "id", "workspaceId", "userAgent", "createdAt", "usedAt", "expiresAt", "current",
            "impersonation",
        }  # fmt: skip

    async def test_a_cursor_outlives_its_row(self, api: Api):
        """The next page starts where the last one ended, even if that session has ended."""
        ann = await api.person("ann")
        second = await api.signed_in(ann.id, ann.email)
        page = (await ann.get("/v1/me/sessions?take=1")).json()
        assert page["items"][0]["id"] == second.session
        await ann.delete(f"/v1/me/sessions/{second.session}")

        following = await ann.get(f"/v1/me/sessions?cursor={page['nextCursor']}")

        assert [item["id"] for item in following.json()["items"]] == [ann.session]

    @pytest.mark.parametrize(
        "query", ["cursor=nonsense", "cursor=", "take=0", "take=101", "take=x", "cursor=AAAA"]
    )
    async def test_bad_pages(self, api: Api, query: str):
        """Each is a 422."""
        ann = await api.person("ann")

        assert (await ann.get(f"/v1/me/sessions?{query}")).status_code == 422

    async def test_a_session_is_ended(self, api: Api):
        """It stops working with the next request; the others go on."""
        ann = await api.person("ann")
        other = await api.signed_in(ann.id, ann.email)

        assert (await ann.delete(f"/v1/me/sessions/{other.session}")).status_code == 204

        assert (await other.get("/v1/me")).status_code == 401
        assert await sessions_of(ann) == [ann.session]

    async def test_sessions_of_others_are_not_found(self, api: Api):
        """Another user's session, one that never existed, a malformed id: 404, and none ends."""
        ann, bob = await api.person("ann"), await api.person("bob")

        for id_ in (bob.session, new_uuid7(), "nonsense", bob.session.upper(), "%00", "'"):
            answer = await ann.delete(f"/v1/me/sessions/{id_}")
            assert answer.status_code == 404
        assert (await bob.get("/v1/me")).status_code == 200


class TestWorkspace:
    """PUT /v1/me/workspace"""

    async def test_a_workspace_is_chosen_and_left(self, api: Api):
        """Only for this session."""
        ann = await api.person("ann")
        other = await api.signed_in(ann.id, ann.email)
        workspace = await workspace_of(api, ann)

        entered = await ann.put("/v1/me/workspace", {"workspaceId": workspace})
        rows = {row.id: row.workspaceId for row in await api.owner.session.find_many()}
        left = await ann.put("/v1/me/workspace", {"workspaceId": None})
        again = await ann.put("/v1/me/workspace", {"workspaceId": None})

        assert entered.json()["workspaceId"] == workspace
        assert rows == {ann.session: workspace, other.session: None}
        assert left.json()["workspaceId"] is None
        assert again.status_code == 200

    async def test_only_members_may_choose_it(self, api: Api):
        """A stranger's workspace, one that does not exist, a malformed id: 404, and no change."""
        ann, bob = await api.person("ann"), await api.person("bob")
        bobs = await workspace_of(api, bob)

        for id_ in (bobs, "a" * 15, "x", "", "\0" * 15, "'" * 15):
            answer = await ann.put("/v1/me/workspace", {"workspaceId": id_})
            assert answer.status_code == 404
            assert answer.json()["code"] == "workspace_not_found"
        for body in ({}, {"workspaceId": 7}, {"workspaceId": bobs, "userId": bob.id}):
            assert (await ann.put("/v1/me/workspace", body)).status_code == 422
        session = await api.owner.session.find_unique_or_raise(where={"id": ann.session})
        assert session.workspaceId is None

    async def test_a_member_who_is_removed_meanwhile_does_not_stay(self, api: Api):
        """Choosing and being removed at the same time never leaves a session in the workspace."""
        ann, bob = await api.person("ann"), await api.person("bob")
        bobs = await workspace_of(api, bob)
        for _ in range(5):
            await api.owner.workspacemember.create({"workspaceId": bobs, "userId": ann.id})
            await asyncio.gather(
                ann.put("/v1/me/workspace", {"workspaceId": bobs}),
                bob.delete(f"/v1/workspaces/{bobs}/members/{ann.id}"),
            )
            session = await api.owner.session.find_unique_or_raise(where={"id": ann.session})
            assert session.workspaceId is None


async def test_an_account_that_is_throttled_keeps_its_sessions(api: Api):
    """Others' guesses do not affect users who are logged in."""
    ann = await api.person("ann")
    for _ in range(TRIES.max_attempts + 1):
        await api.log_in(ann.email, "wrong")

    assert (await ann.get("/v1/me")).status_code == 200
    changed = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert (await ann.post("/v1/me/password", changed)).status_code == 204
