"""How many workspaces one person may own."""

import asyncio
from collections import Counter

import pytest

from app.db import prisma
from app.scope import use_scope
from tests.fix_api import Api, Person
from tests.fix_team import Team, make_team

MOST = 3
FULL = {"code": "too_many_workspaces", "detail": f"One person owns {MOST} workspaces at most."}


@pytest.fixture
def api_settings() -> dict[str, str]:
    return {"WORKSPACES_PER_OWNER": str(MOST)}


async def owned(api: Api, person: Person) -> int:
    return await api.owner.workspace.count(where={"ownerId": person.id})


async def own(api: Api, person: Person, count: int) -> None:
    for number in range(count):
        await api.owner.workspace.create({"name": f"W{number}", "ownerId": person.id})


async def test_one_more_than_may_be(api: Api):
    """It is refused with the limit, until there is room; others' workspaces do not count."""
    ann, team = await api.person("ann"), await make_team(api, "red")
    await team.add(ann)
    made = [await ann.post("/v1/workspaces", {"name": "W"}) for _ in range(MOST)]
    assert [answer.status_code for answer in made] == [201] * MOST

    refused = await ann.post("/v1/workspaces", {"name": "W"})

    assert refused.status_code == 409
    assert refused.json().items() >= FULL.items()
    assert await owned(api, ann) == MOST
    await ann.delete(f"/v1/workspaces/{made[0].json()['id']}")
    assert (await ann.post("/v1/workspaces", {"name": "W"})).status_code == 201


async def test_many_at_once(api: Api):
    """As many are made as there is room for, whatever the moment."""
    ann = await api.person("ann")

    answers = await asyncio.gather(
        *(ann.post("/v1/workspaces", {"name": f"W{number}"}) for number in range(4 * MOST))
    )

    assert Counter(answer.status_code for answer in answers) == {201: MOST, 409: 3 * MOST}
    assert await owned(api, ann) == MOST


async def test_an_heir_without_room(team: Team):
    """Nothing is transferred to who owns as many as may be."""
    await own(team.api, team.member, MOST)

    refused = await team.owner.post(f"{team.path}/transfer", {"userId": team.member.id})

    assert refused.status_code == 409
    assert refused.json().items() >= FULL.items()
    assert (await team.roles())[team.owner.id] == "owner"
    assert await team.actions() == []


async def test_an_heir_of_several_at_once(api: Api):
    """Of two who transfer to one with room for one, one is refused; so is what the heir makes."""
    heir = await api.person("heir")
    await own(api, heir, MOST - 1)
    teams = [await make_team(api, name) for name in ("red", "blue")]
    for team in teams:
        await team.add(heir)

    answers = await asyncio.gather(
        *(team.owner.post(f"{team.path}/transfer", {"userId": heir.id}) for team in teams),
        heir.post("/v1/workspaces", {"name": "W"}),
    )

    assert sorted(answer.status_code for answer in answers)[1:] == [409, 409]
    assert await owned(api, heir) == MOST


async def test_how_many_others_own_is_not_told(team: Team):
    """The database counts for who calls and for members of the workspace in scope alone."""
    await own(team.api, team.member, 2)
    stranger = await team.api.person("stranger")

    async def told(*, caller: Person, workspace: str = "") -> int:
        with use_scope(user=caller.id, workspace=workspace):
            found = await prisma.query_first(
                'SELECT hold_ownership($1::uuid) AS "owned"', team.member.id
            )
        return found["owned"]

    assert await told(caller=team.member) == await told(caller=team.owner, workspace=team.id) == 2
    assert await told(caller=team.owner) == await told(caller=stranger) == 0
