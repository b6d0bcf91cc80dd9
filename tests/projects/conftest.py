"""Fixtures of the tests of projects."""

import pytest

from tests.fix_team import OrganizationTeam
from tests.projects.project_team import ProjectTeam, make_project


@pytest.fixture
async def project(organization_team: OrganizationTeam) -> ProjectTeam:
    return await make_project(organization_team)
