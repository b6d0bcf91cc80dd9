"""Requests to every route, aimed at the rows that the domains create for a person of a team."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from tests.domains import (
    Target,
    api_routes,
    capability_of,
    collect,
    domains,
    method_of,
    module_of,
    takes_pages,
)
from tests.fix_team import Team

BODIES: dict[str, Callable[[Target], object]] = collect("bodies")
PARAMETERS: dict[str, Callable[[], str]] = collect("parameters")


@dataclass(frozen=True)
class RouteRequest:
    """A request to a route, ready to be sent by any client."""

    method: str
    path: str
    query: str
    body: object

    async def send(self, client: httpx.AsyncClient) -> httpx.Response:
        body = {} if self.body is None else {"json": self.body}
        return await client.request(self.method, self.path + self.query, **body)  # pyright: ignore[reportArgumentType]  # JSON or nothing


@dataclass(frozen=True)
class Route:
    """A route of the API, with what is declared for it."""

    name: str
    method: str
    path: str
    module: str
    takes_body: bool
    takes_cursor: bool
    needs_caller: bool
    capability: str | None

    def make_request(self, target: Target, *, within: str | None = None) -> RouteRequest:
        """Return the request; `within` replaces the workspace in the path by the caller's own."""
        values = {**target.values, "workspaceId": within} if within else target.values
        place = Target(values)
        path = re.sub(r"{(\w+)}", lambda found: place[found[1]], self.path)
        cursor = target.cursors.get(self.name)
        return RouteRequest(
            self.method, path, f"?cursor={cursor}" if cursor else "", self._body(target)
        )

    def _body(self, target: Target) -> object:
        if not self.takes_body:
            return None
        if self.name not in BODIES:
            pytest.fail(f'{self.module}: add "{self.name}" to `bodies`.')
        return BODIES[self.name](target)


def routes(description: dict[str, Any]) -> Iterator[Route]:
    """Return the routes of the API's description."""
    for route in api_routes().values():
        if route.include_in_schema:
            method = method_of(route)
            yield Route(
                name=route.name,
                method=method,
                path=route.path,
                module=module_of(route),
                takes_body=route.body_field is not None,
                takes_cursor=takes_pages(route),
                needs_caller="security" in description["paths"][route.path][method.lower()],
                capability=capability_of(route),
            )


def nowhere() -> Target:
    """Return a target whose values have the right shapes and refer to nothing."""
    return Target({name: make() for name, make in PARAMETERS.items()})


async def make_target(team: Team, user: str, *, all_routes: list[Route]) -> Target:
    """Create rows of all domains for a person of a team, and cursors for the routes that page."""
    person = next(each for each in (team.owner, team.admin, team.member) if each.id == user)
    values: dict[str, str] = {}
    for domain in domains().values():
        values |= await domain.make_rows(team, person)
    target = Target(values)
    for route in all_routes:
        if route.takes_cursor:
            first = replace(route.make_request(target), query="?take=1")
            cursor = (await first.send(team.owner.http)).json()["nextCursor"]
            if cursor is None:
                pytest.fail(
                    f"{route.module}: `make_rows` has to create at least two rows for the owner of "
                    f"the team that {route.name} lists: there is no second page to test."
                )
            target.cursors[route.name] = cursor
    return target
