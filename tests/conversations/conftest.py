"""A tenant with conversations, for the tests of this folder."""

import pytest

from tests.fix_api import Api
from tests.fix_tenant import TenantTeam, make_tenant_team


@pytest.fixture
async def studio(api: Api) -> TenantTeam:
    return await make_tenant_team(api, "red")
