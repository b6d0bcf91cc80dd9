"""The functions that app.workspaces offers to other domains: ids, the filter, roles, locks."""

import pytest
from prisma.enums import WorkspaceRole

from app.database.scope import use_scope
from app.db import prisma
from app.workspaces import (
    WorkspaceId,
    in_workspace,
    is_workspace_id,
    lock_membership,
    new_workspace_id,
    role_in,
)
from tests.fix_api import Api
from tests.fix_team import Team, make_team


def test_new_ids_have_15_letters_and_digits():
    """They are unique, and use all letters and digits."""
    made = {new_workspace_id() for _ in range(1000)}

    assert len(made) == 1000
    assert all(is_workspace_id(id_) and len(id_) == 15 for id_ in made)
    assert len(set("".join(made))) == 62


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("a" * 9, False),
        ("a" * 10, True),
        ("Z9" * 10, True),
        ("a" * 21, False),
        ("", False),
        ("0123456789\n", False),
        ("with-a-dash-in", False),
        ("ünïcödé12345", False),
        ("０１２３４５６７８９", False),
    ],
)
def test_the_form_of_ids(text: str, is_valid: bool):
    """10 to 20 ASCII letters and digits, and nothing else."""
    assert is_workspace_id(text) is is_valid


async def test_a_query_is_limited_to_a_workspace(api: Api, team: Team):
    """The query is limited even for the owner of the tables, whom no policy restricts."""
    await make_team(api, "blue")

    found = await api.owner.workspacemember.find_many(where={**in_workspace(WorkspaceId(team.id))})

    assert {member.userId for member in found} == {team.owner.id, team.admin.id, team.member.id}


async def test_a_membership_and_its_role(api: Api, team: Team):
    """Members have a role; for everybody else, and outside of a scope, it is None."""
    stranger = await api.person("stranger")
    id_ = WorkspaceId(team.id)

    for person, role in ((team.owner, "owner"), (team.admin, "admin"), (team.member, "member")):
        with use_scope(user=person.id):
            assert await role_in(id_, person.id) == role
            assert await role_in(new_workspace_id(), person.id) is None
    with use_scope(user=stranger.id):
        assert await role_in(id_, stranger.id) is None
        assert await role_in(id_, team.owner.id) is None
    with use_scope(user=stranger.id, workspace=id_):
        assert await role_in(id_, team.owner.id) is WorkspaceRole.owner
    assert await role_in(id_, team.owner.id) is None


async def test_lock_membership(api: Api, team: Team):
    """A locked membership cannot be deleted; a stranger has none to lock."""
    stranger = await api.person("stranger")
    id_ = WorkspaceId(team.id)

    with use_scope(user=team.member.id, workspace=id_):
        async with prisma.tx() as tx:
            assert await lock_membership(tx, id_, team.member.id)
            assert not await lock_membership(tx, id_, stranger.id)
            unlocked = await api.owner.query_raw(
                """
                SELECT id FROM "WorkspaceMember" WHERE "userId" = $1::uuid
                FOR UPDATE SKIP LOCKED
                """,
                team.member.id,
            )
            assert unlocked == []
