"""The tables of docs/roles.md are read as they stand; what does not fit is named."""

import pytest
from httpx import Response

from tests.fix_api import Person
from tests.fix_team import Team
from tests.role_tables import Act, ProjectRoles, Roles, page_tables, rows_of_page

HEAD = ("", "owner", "admin", "member", "stranger")


def show(monkeypatch: pytest.MonkeyPatch, *lines: tuple[str, ...]) -> None:
    monkeypatch.setattr("tests.role_tables.page_tables", lambda: {"In it": list(lines)})


async def act(team: Team, caller: Person) -> Response:
    return await caller.get(team.path)


ACTS: dict[str, Act] = {"read it": act}


def test_rows_have_the_cells_of_the_page(monkeypatch: pytest.MonkeyPatch):
    """Each is named after its heading, since several tables have the same actions."""
    show(monkeypatch, HEAD, ("read it", "200", "403", "no", "yes"))
    assert rows_of_page("In it", Roles, ACTS) == {
        "In it: read it": Roles(act, owner=200, admin=403, member="no", stranger="yes")
    }


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HEAD], "requests differ: .*read it"),
        ([HEAD, ("leave it", *["200"] * 4)], "requests differ: .*leave it.*read it"),
        ([HEAD, *[("read it", *["200"] * 4)] * 2], "repeats an action"),
        ([HEAD, ("read it", "200", "200", "200", "maybe")], "'maybe' is no cell"),
        ([("", "owner", "stranger"), ("read it", "200", "404")], "the columns are"),
    ],
)
def test_what_does_not_fit_is_named(
    monkeypatch: pytest.MonkeyPatch, lines: list[tuple[str, ...]], message: str
):
    """A row without a request, a request without a row, and cells and columns that mean nothing."""
    show(monkeypatch, *lines)
    with pytest.raises((AssertionError, pytest.fail.Exception), match=message):
        rows_of_page("In it", Roles, ACTS)


def test_every_table_of_the_page_is_sent():
    """No table is left to be read by people alone."""
    from tests.test_roles_of_routes import TABLE

    shown = {f"{heading}: {line[0]}" for heading, lines in page_tables().items() for line in lines}
    heads = {f"{heading}: " for heading in page_tables()}
    assert shown - heads <= TABLE.keys()


async def test_callers_have_the_roles_of_their_columns(team: Team):
    """Those of a project have no other role than the one that the column names."""
    people = [await ProjectRoles.make_caller(team, role) for role in ProjectRoles.columns()]
    rows = await team.api.owner.projectmember.find_many()
    own = {row.userId: row.role for row in rows}
    assert [own.get(person.id) for person in people] == ["ADMIN", "EDITOR", "VIEWER", None, None]
    members = await team.organization.roles()
    assert [members.get(person.id) for person in people] == ["MEMBER"] * 4 + [None]
