"""A tenant with an active WhatsApp channel."""

import pytest

from tests.fix_api import Api
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.whatsapp.notifications import Channel, make_channel


@pytest.fixture
async def studio(api: Api) -> TenantTeam:
    return await make_tenant_team(api, "red")


@pytest.fixture
async def channel(studio: TenantTeam) -> Channel:
    return await make_channel(studio)
