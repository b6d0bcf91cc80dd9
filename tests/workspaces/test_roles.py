"""The table of docs/roles.md, as far as tests/test_roles_of_routes.py does not check it."""

from tests.domains import ROLES
from tests.fix_api import Api
from tests.fix_team import make_team
from tests.workspaces.roles import ACTS, LISTED, matrix


def test_every_row_has_a_request():
    """docs/roles.md and ACTS name the same actions."""
    assert matrix().keys() == ACTS.keys()


async def test_only_members_see_the_workspace_in_their_list(api: Api):
    """The row of the page whose cells are not statuses."""
    for role in ROLES:
        team = await make_team(api, f"with.{role}")
        caller = await api.person("stranger") if role == "stranger" else getattr(team, role)
        answer = await ACTS[LISTED](team, caller)
        seen = [item["id"] for item in answer.json()["items"]]
        assert (team.id in seen) == (matrix()[LISTED][role] == "yes"), role
