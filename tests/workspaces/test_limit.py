"""The limit of workspaces that a user may own."""

import asyncio
from collections import Counter

import pytest

from tests.fix_api import Api, Person
from tests.fix_team import Team, make_team

LIMIT = 3
FULL = {"code": "too_many_workspaces", "detail": f"You cannot own more than {LIMIT} workspaces."}


@pytest.fixture
def api_settings() -> dict[str, str]:
    return {"WORKSPACES_PER_OWNER": str(LIMIT)}


async def owned(api: Api, person: Person) -> int:
    return await api.owner.workspace.count(where={"ownerId": person.id})


async def own(api: Api, person: Person, count: int) -> None:
    for number in range(count):
        await api.owner.workspace.create({"name": f"W{number}", "ownerId": person.id})


async def test_one_more_than_the_limit(api: Api):
    """It is refused until there is room; workspaces of others do not count."""
    ann, team = await api.person("ann"), await make_team(api, "red")
    await team.add(ann)
    made = [await ann.post("/v1/workspaces", {"name": "W"}) for _ in range(LIMIT)]
    assert [answer.status_code for answer in made] == [201] * LIMIT

    refused = await ann.post("/v1/workspaces", {"name": "W"})

    assert refused.status_code == 409
    assert refused.json().items() >= FULL.items()
    assert await owned(api, ann) == LIMIT
    await ann.delete(f"/v1/workspaces/{made[0].json()['id']}")
    assert (await ann.post("/v1/workspaces", {"name": "W"})).status_code == 201


async def test_many_at_once(api: Api):
    """As many concurrent requests succeed as there is room for."""
    ann = await api.person("ann")

    answers = await asyncio.gather(
        *(ann.post("/v1/workspaces", {"name": f"W{number}"}) for number in range(4 * LIMIT))
    )

    assert Counter(answer.status_code for answer in answers) == {201: LIMIT, 409: 3 * LIMIT}
    assert await owned(api, ann) == LIMIT


async def test_a_new_owner_without_room(team: Team):
    """Whoever already owns the maximum cannot accept another workspace until there is room."""
    await own(team.api, team.member, LIMIT)
    await team.offered(team.member)

    refused = await team.member.post(f"{team.path}/transfer/accept")

    assert refused.status_code == 409
    assert refused.json().items() >= FULL.items()
    assert (await team.roles())[team.owner.id] == "owner"
    assert await team.actions() == []
    await team.api.owner.workspace.delete_many(where={"name": "W0"})
    assert (await team.member.post(f"{team.path}/transfer/accept")).status_code == 200


async def test_several_at_once(api: Api):
    """One of two concurrent acceptances and a creation succeeds if there is room for one."""
    ann = await api.person("ann")
    await own(api, ann, LIMIT - 1)
    teams = [await make_team(api, name) for name in ("red", "blue")]
    for team in teams:
        await team.add(ann)
        await team.offered(ann)

    answers = await asyncio.gather(
        *(ann.post(f"{team.path}/transfer/accept") for team in teams),
        ann.post("/v1/workspaces", {"name": "W"}),
    )

    assert sorted(answer.status_code for answer in answers)[1:] == [409, 409]
    assert await owned(api, ann) == LIMIT


async def test_an_offer_does_not_tell_how_many_workspaces_somebody_owns(team: Team):
    """The limit is checked on acceptance, so the owner learns nothing by offering."""
    await own(team.api, team.member, LIMIT)

    answer = await team.owner.post(f"{team.path}/transfer", {"userId": team.member.id})

    assert answer.status_code == 201
