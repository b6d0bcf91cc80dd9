"""Workspaces: created, listed, read, changed, deleted."""

import json
import re
from typing import Any

import pytest

from tests.fix_api import Api
from tests.fix_team import Team, make_team

NO_NAMES = {
    "none": {},
    "empty": {"name": ""},
    "blank": {"name": "  \t "},
    "too long": {"name": "x" * 101},
    "null": {"name": None},
    "a number": {"name": 7},
    "NUL": {"name": "a\0b"},
    "a line break": {"name": "a\nb"},
    "an escape": {"name": "a\x1b[2Jb"},
    "turned around": {"name": "a\u202eb"},
    "nothing to see": {"name": "\u200b\u2060"},
    "half a character": {"name": "a\ud800b"},
    "another field": {"name": "a", "ownerId": "somebody"},
    "half a field": {"name": "a", "\ud800": 1},
    "a long description": {"name": "a", "description": "x" * 2001},
    "NUL in a description": {"name": "a", "description": "a\0b"},
    "a control in a description": {"name": "a", "description": "a\x0bb"},
}
NO_IDS = ("short", "x" * 21, "with-dashes-in", "ünïcödé1234", "a%00bcdefghij", "0123456789'--")


def as_json(body: object) -> dict[str, Any]:
    """Encode a body with lone surrogates, which httpx cannot."""
    return {"content": json.dumps(body), "headers": {"Content-Type": "application/json"}}


async def test_create(api: Api):
    """The id is random, the creator is the owner, and the name is stripped."""
    ann = await api.person("ann")

    answer = await ann.post("/v1/workspaces", {"name": " Größe 1 ", "description": "a\r\n\tb"})

    assert answer.status_code == 201
    made = answer.json()
    assert re.fullmatch("[A-Za-z0-9]{15}", made["id"])
    assert (made["name"], made["description"]) == ("Größe 1", "a\r\n\tb")
    assert (made["ownerId"], made["role"]) == (ann.id, "owner")
    assert (await ann.get(f"/v1/workspaces/{made['id']}")).json() == made


@pytest.mark.parametrize("body", NO_NAMES)
async def test_bad_input_creates_nothing(api: Api, body: str):
    """An invalid body is refused, and the error names the field."""
    ann = await api.person("ann")

    answer = await ann.post("/v1/workspaces", **as_json(NO_NAMES[body]))

    assert answer.status_code == 422
    assert answer.json()["code"] == "validation_failed"
    assert answer.json()["errors"][0]["field"].startswith("body")
    assert await api.owner.workspace.count() == 0


@pytest.mark.parametrize("body", [name for name in NO_NAMES if name != "none"])
async def test_bad_input_changes_nothing(team: Team, body: str):
    """An invalid body leaves the workspace unchanged."""
    answer = await team.admin.patch(team.path, **as_json(NO_NAMES[body]))

    assert answer.status_code == 422
    assert (await team.owner.get(team.path)).json()["name"] == team.name_shown
    assert await team.actions() == []


async def test_change(team: Team):
    """Omitted fields stay unchanged, null removes a description, an empty body changes nothing."""
    for body, shown in (
        ({"description": "text"}, (team.name_shown, "text")),
        ({"name": "New"}, ("New", "text")),
        ({}, ("New", "text")),
        ({"description": None}, ("New", None)),
    ):
        answer = await team.admin.patch(team.path, body)
        assert answer.status_code == 200
        assert (answer.json()["name"], answer.json()["description"]) == shown
        assert answer.json()["role"] == "admin"
    assert await team.actions() == ["workspace.changed"] * 3


async def test_only_the_owner_allows_impersonation(team: Team):
    """An admin changes nothing with it, not even the name beside it."""
    answer = await team.admin.patch(team.path, {"name": "New", "impersonationAllowed": True})
    assert (answer.status_code, answer.json()["code"]) == (403, "role_too_low")

    for is_allowed in (True, False):
        answer = await team.owner.patch(team.path, {"impersonationAllowed": is_allowed})
        assert answer.json()["impersonationAllowed"] == is_allowed
        assert (await team.member.get(team.path)).json()["impersonationAllowed"] == is_allowed
    assert (await team.owner.get(team.path)).json()["name"] == team.name_shown
    assert await team.actions() == ["workspace.changed"] * 2


@pytest.mark.parametrize("id_", NO_IDS)
async def test_an_invalid_id_is_not_found(team: Team, id_: str):
    """It gets the same answer as an unknown id."""
    answer = await team.owner.get(f"/v1/workspaces/{id_}")

    assert answer.status_code == 404
    assert answer.json() == (await team.owner.get("/v1/workspaces/0123456789")).json()


async def test_list_mine_in_pages(api: Api, team: Team):
    """The caller's workspaces with their role, each once, across pages."""
    others = [await make_team(api, f"n{number}") for number in range(4)]
    for other in others[:3]:
        await other.add(team.member)

    seen: list[tuple[str, str]] = []
    path, cursor = "/v1/workspaces?take=2", ""
    while cursor is not None:
        page = (await team.member.get(path + cursor)).json()
        assert len(page["items"]) <= 2
        seen += [(item["id"], item["role"]) for item in page["items"]]
        cursor = f"&cursor={page['nextCursor']}" if page["nextCursor"] else None

    assert sorted(seen) == sorted((one.id, "member") for one in (team, *others[:3]))


async def test_a_page_starts_where_the_previous_one_ended(api: Api, team: Team):
    """It starts there even if the last row of the previous page was deleted."""
    others = [await make_team(api, f"n{number}") for number in range(2)]
    for other in others:
        await other.add(team.member)
    page = (await team.member.get("/v1/workspaces?take=2")).json()
    everything = (await team.member.get("/v1/workspaces")).json()["items"]

    (ended,) = [one for one in (team, *others) if one.id == page["items"][-1]["id"]]
    await ended.owner.delete(ended.path)

    rest = await team.member.get(f"/v1/workspaces?take=2&cursor={page['nextCursor']}")
    assert rest.json()["items"] == everything[2:]


async def test_a_foreign_cursor_is_refused(api: Api, team: Team):
    """Cursors of other lists and workspaces are refused, and so is what is no cursor at all."""
    other = await make_team(api, "blue")
    members = (await other.owner.get(f"{other.path}/members?take=1")).json()["nextCursor"]
    for path, cursor in (
        ("/v1/workspaces", members),
        (f"{team.path}/members", members),
        (f"{team.path}/audit-events", members),
        (f"{team.path}/invitations", members),
        (f"{team.path}/members", "%00"),
        (f"{team.path}/members", "ü"),
        (f"{team.path}/members", members[:-9]),
        (f"{team.path}/members", ""),
    ):
        answer = await team.owner.get(f"{path}?cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor"), path


@pytest.mark.parametrize("take", ["0", "101", "-1", "many", "1e3", "1.5"])
async def test_a_page_has_1_to_100_items(team: Team, take: str):
    """Any other value is refused."""
    for path in ("/v1/workspaces", f"{team.path}/members"):
        answer = await team.owner.get(f"{path}?take={take}")
        assert answer.json()["errors"][0]["field"] == "query.take"


async def test_delete(team: Team):
    """Nobody finds it any more, its members and invitations are deleted, its trail stays."""
    await team.invited("guest@example.com")

    assert (await team.owner.delete(team.path)).status_code == 204

    for person in (team.owner, team.admin, team.member):
        assert (await person.get(team.path)).status_code == 404
        assert (await person.get("/v1/workspaces")).json()["items"] == []
    assert await team.api.owner.invitation.count() == 0
    assert await team.roles() == {}
    assert await team.actions() == ["workspace.deleted"]


async def test_anonymous_callers_are_refused(api: Api, team: Team):
    """Every route needs an access token."""
    for method, path in (("POST", "/v1/workspaces"), ("GET", "/v1/workspaces"), ("GET", team.path)):
        answer = await api.anonymous.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
