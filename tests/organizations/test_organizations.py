"""Organizations: created, listed, read."""

import pytest

from tests.fix_api import Api

PATH = "/v1/organizations"
NO_BODIES = {
    "none": {},
    "empty": {"name": ""},
    "null": {"name": None},
    "too long": {"name": "x" * 101},
    "a line break": {"name": "a\nb"},
    "another field": {"name": "a", "memberBaseRole": "ADMIN"},
}
NO_IDS = ("short", "0" * 32, "00000000-0000-0000-0000-000000000000", "a%00b", "0123456789'--")


async def test_create(api: Api):
    """The creator is an owner; members may view projects; support staff may not impersonate."""
    ann = await api.person("ann")

    answer = await ann.post(PATH, {"name": " Moon "})

    assert answer.status_code == 201
    made = answer.json()
    assert made.pop("createdAt") == made.pop("updatedAt")
    assert made == {
        "id": made["id"],
        "name": "Moon",
        "memberBaseRole": "VIEWER",
        "impersonationAllowed": False,
        "role": "OWNER",
    }
    assert (await ann.get(f"{PATH}/{made['id']}")).json().items() >= made.items()
    event = await api.owner.auditevent.find_first_or_raise(where={"organizationId": made["id"]})
    assert (event.action, event.actorId, event.subjectId) == (
        "organization.created", ann.id, made["id"],
    )  # fmt: skip
    assert event.details == {"name": "Moon", "memberBaseRole": "VIEWER"}


@pytest.mark.parametrize("body", NO_BODIES)
async def test_bad_input_creates_nothing(api: Api, body: str):
    """An invalid body is refused, and the error names the field."""
    ann = await api.person("ann")

    answer = await ann.post(PATH, NO_BODIES[body])

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].startswith("body")
    assert await api.owner.organization.count() == 0


@pytest.mark.parametrize("id_", NO_IDS)
async def test_an_invalid_id_is_not_found(api: Api, id_: str):
    """It gets the same answer as the organization of others."""
    ann, bob = await api.person("ann"), await api.person("bob")
    others = (await bob.post(PATH, {"name": "Sun"})).json()["id"]

    answer = await ann.get(f"{PATH}/{id_}")

    assert (answer.status_code, answer.json()["code"]) == (404, "organization_not_found")
    assert answer.json() == (await ann.get(f"{PATH}/{others}")).json()


async def test_list_mine_in_pages(api: Api):
    """The caller's organizations with their role, each once, in the order of joining."""
    ann, bob = await api.person("ann"), await api.person("bob")
    made = [(await ann.post(PATH, {"name": f"N{number}"})).json() for number in range(3)]
    await bob.post(PATH, {"name": "Others"})

    first = (await ann.get(f"{PATH}?take=2")).json()
    last = (await ann.get(f"{PATH}?cursor={first['nextCursor']}")).json()

    assert first["items"] + last["items"] == made
    assert last["nextCursor"] is None
    refused = await bob.get(f"/v1/workspaces?cursor={first['nextCursor']}")
    assert refused.json()["code"] == "invalid_cursor"
