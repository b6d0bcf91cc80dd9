"""Tables of roles: what each role gets for a request.

Domains declare them, docs/roles.md shows them, tests/test_roles_of_routes.py sends the requests.
A subclass of `Row` is a kind of table: its fields are the columns.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Literal, TypeVar

import httpx
import pytest
from prisma.enums import ProjectRole

from app.settings import ROOT
from tests.fix_api import Person
from tests.fix_team import Team
from tests.fix_tenant import make_tenant_team

Act = Callable[[Team, Person], Awaitable[httpx.Response]]
# A status, or whether a list shows what the table is about.
Cell = int | Literal["yes", "no"]
RowT = TypeVar("RowT", bound="Row")


@dataclass(frozen=True)
class Row(ABC):
    """One row of a table of roles: a request, and what each role gets for it."""

    request: Act

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """Return the roles of this kind of table."""
        return tuple(each.name for each in fields(cls) if each.name != "request")

    @property
    def cells(self) -> dict[str, Cell]:
        return {column: getattr(self, column) for column in self.columns()}

    @staticmethod
    @abstractmethod
    async def make_caller(team: Team, role: str) -> Person:
        """Return somebody who has a role, which is a column, in what the table is about."""


@dataclass(frozen=True)
class Roles(Row):
    """A row of a table about a workspace or an organization."""

    owner: Cell
    admin: Cell
    member: Cell
    stranger: Cell

    @staticmethod
    async def make_caller(team: Team, role: str) -> Person:
        return await team.api.person(role) if role == "stranger" else getattr(team, role)


@dataclass(frozen=True)
class ProjectRoles(Row):
    """A row of a table about a project: members of its organization with a role of their own."""

    admin: Cell
    editor: Cell
    viewer: Cell
    no_access: Cell
    stranger: Cell

    @staticmethod
    async def make_caller(team: Team, role: str) -> Person:
        if role == "stranger":
            return await team.api.person(role)
        if role == "no_access":
            return await team.joined_no_project(role)
        return await team.joined_project(f"project.{role}", ProjectRole(role.upper()))


@dataclass(frozen=True)
class TenantRoles(Row):
    """A row of a table about a tenant: its users, an admin of another one, and a service's user."""

    admin: Cell
    staff: Cell
    other_tenant: Cell
    stranger: Cell

    @staticmethod
    async def make_caller(team: Team, role: str) -> Person:
        if role == "stranger":
            return await team.api.person(role)
        if role == "other_tenant":
            return (await make_tenant_team(team.api, f"other.{team.name}")).admin
        return getattr(team.tenant, role)


def rows_of_page(heading: str, kind: type[RowT], acts: Mapping[str, Act]) -> dict[str, RowT]:
    """Return the rows of the table of docs/roles.md under a heading, with their requests."""
    head, *lines = page_tables()[heading]
    titles = tuple(column.replace("_", " ") for column in kind.columns())
    assert head[1:] == titles, f"docs/roles.md, {heading}: the columns are {titles}"
    cells = {action: [_cell(text) for text in texts] for action, *texts in lines}
    assert len(cells) == len(lines), f"docs/roles.md, {heading}, repeats an action"
    if different := cells.keys() ^ acts.keys():
        pytest.fail(f"docs/roles.md, {heading}, and its requests differ: {sorted(different)}")
    return {
        f"{heading}: {action}": kind(acts[action], *cells[action])  # by position: request, columns
        for action in cells
    }


@cache
def page_tables() -> dict[str, list[tuple[str, ...]]]:
    """Return the tables of roles of docs/roles.md by the headings above them: head, rows.

    Their first column, the actions, has no title: other tables do.
    """
    page = (ROOT / "docs" / "roles.md").read_text()
    tables: dict[str, list[tuple[str, ...]]] = {}
    for section in re.split(r"^#+ ", page, flags=re.MULTILINE):
        heading = section.partition("\n")[0]
        for table in re.findall(r"^\| \|.*\n(?:\|.*\n)*", section, re.MULTILINE):
            lines = [
                tuple(cell.strip() for cell in line.strip("|").split("|"))
                for line in table.splitlines()
                if not line.startswith("| ---")
            ]
            tables.setdefault(heading, []).extend(lines)
    return tables


def _cell(text: str) -> Cell:
    if text == "yes" or text == "no":
        return text
    assert re.fullmatch(r"\d{3}", text), f"docs/roles.md: {text!r} is no cell"
    return int(text)
