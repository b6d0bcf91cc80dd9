"""The limit of organizations that a user may own."""

import asyncio
from collections import Counter

import pytest

from tests.fix_api import Api

LIMIT = 3
FULL = {
    "code": "too_many_organizations",
    "detail": f"You cannot own more than {LIMIT} organizations.",
}


@pytest.fixture
def api_settings() -> dict[str, str]:
    return {"ORGANIZATIONS_PER_OWNER": str(LIMIT)}


async def test_many_at_once(api: Api):
    """As many concurrent requests succeed as there is room for; memberships do not count."""
    ann, bob = await api.person("ann"), await api.person("bob")
    other = (await bob.post("/v1/organizations", {"name": "Other"})).json()["id"]
    await api.owner.organizationmember.create({"organizationId": other, "userId": ann.id})

    answers = await asyncio.gather(
        *(ann.post("/v1/organizations", {"name": f"N{number}"}) for number in range(4 * LIMIT))
    )

    assert Counter(answer.status_code for answer in answers) == {201: LIMIT, 409: 3 * LIMIT}
    refused = await ann.post("/v1/organizations", {"name": "One more"})
    assert refused.json().items() >= FULL.items()
