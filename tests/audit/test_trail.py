"""The audit trail: who did what in which workspace, and when."""

import asyncio

from tests.fix_api import Api
from tests.fix_team import Team, make_team

GUEST = "guest@example.com"


async def test_every_change_is_recorded(api: Api):
    """Each event has its actor, subject and details; the newest comes first."""
    ann, bob = await api.person("ann"), await api.person("bob")
    workspace = (await ann.post("/v1/workspaces", {"name": "One"})).json()["id"]
    path = f"/v1/workspaces/{workspace}"
    invited = (await ann.post(f"{path}/invitations", {"email": bob.email})).json()
    await bob.post("/v1/invitations/accept", {"token": invited["token"]})
    await ann.patch(path, {"name": "Two", "description": None})
    await ann.patch(f"{path}/members/{bob.id}", {"role": "admin"})
    guest = (await bob.post(f"{path}/invitations", {"email": GUEST})).json()
    await bob.delete(f"{path}/invitations/{guest['id']}")
    await ann.post(f"{path}/transfer", {"userId": bob.id})
    await bob.post(f"{path}/transfer/decline")
    await ann.post(f"{path}/transfer", {"userId": bob.id})
    await ann.delete(f"{path}/transfer")
    await ann.post(f"{path}/transfer", {"userId": bob.id})
    await bob.post(f"{path}/transfer/accept")
    await bob.delete(f"{path}/members/{ann.id}")

    items = (await bob.get(f"{path}/audit-events")).json()["items"]

    recorded = [
        (item["action"], item["actorId"], item["subjectId"], item["details"])
        for item in sorted(items, key=lambda item: item["createdAt"])
    ]
    assert recorded == [
        ("workspace.created", ann.id, workspace, {"name": "One"}),
        ("invitation.created", ann.id, invited["id"], {"email": bob.email, "role": "member"}),
        ("invitation.accepted", bob.id, invited["id"], {"email": bob.email, "role": "member"}),
        ("workspace.changed", ann.id, workspace, {"name": "Two", "description": None}),
        ("member.role_changed", ann.id, bob.id, {"before": "member", "role": "admin"}),
        ("invitation.created", bob.id, guest["id"], {"email": GUEST, "role": "member"}),
        ("invitation.revoked", bob.id, guest["id"], {"email": GUEST}),
        ("transfer.offered", ann.id, bob.id, {}),
        ("transfer.declined", bob.id, bob.id, {}),
        ("transfer.offered", ann.id, bob.id, {}),
        ("transfer.cancelled", ann.id, bob.id, {}),
        ("transfer.offered", ann.id, bob.id, {}),
        ("workspace.transferred", bob.id, bob.id, {"formerOwnerId": ann.id}),
        ("member.removed", bob.id, ann.id, {"role": "admin"}),
    ]
    assert all(item.keys() == items[0].keys() for item in items)
    assert [item["id"] for item in items] == sorted((item["id"] for item in items), reverse=True)


async def test_the_trail_has_pages(team: Team):
    """Each event appears once; new ones do not shift the pages after the cursor."""
    for name in ("a", "b", "c"):
        await team.owner.patch(team.path, {"name": name})
    path = f"{team.path}/audit-events?take=2"

    first = (await team.owner.get(path)).json()
    await team.owner.patch(team.path, {"name": "d"})
    second = (await team.owner.get(f"{path}&cursor={first['nextCursor']}")).json()

    names = [item["details"]["name"] for item in first["items"] + second["items"]]
    assert names == ["c", "b", "a"]
    assert second["nextCursor"] is None


async def test_the_trail_outlives_the_workspace(team: Team):
    """The rows stay, although the API no longer finds the workspace."""
    await team.owner.patch(team.path, {"name": "Last"})
    await team.owner.delete(team.path)

    assert (await team.owner.get(f"{team.path}/audit-events")).status_code == 404
    events = await team.api.owner.auditevent.find_many(where={"workspaceId": team.id})
    assert {(event.action, event.actorId) for event in events} == {
        ("workspace.changed", team.owner.id),
        ("workspace.deleted", team.owner.id),
    }


async def test_a_failed_change_is_not_recorded(team: Team):
    """The event is written in the transaction of the change, and rolled back with it."""
    await team.api.owner.execute_raw(
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE check_violation; END $$;
        """
    )
    await team.api.owner.execute_raw(
        'CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON "Invitation" '
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
    )

    results = await asyncio.gather(
        team.owner.post(f"{team.path}/invitations", {"email": GUEST}), return_exceptions=True
    )

    assert isinstance(results[0], Exception)
    assert await team.api.owner.invitation.count() == 0
    assert await team.actions() == []


async def test_trails_are_separate(api: Api, team: Team):
    """A trail shows only the events of its own workspace."""
    blue = await make_team(api, "blue")
    await blue.owner.patch(blue.path, {"name": "Blue"})
    await team.owner.patch(team.path, {"name": "Red"})

    items = (await team.owner.get(f"{team.path}/audit-events")).json()["items"]

    assert [item["details"] for item in items] == [{"name": "Red"}]
