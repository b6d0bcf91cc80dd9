"""Requests to every route, aimed at the rows that the domains create for a person of a team."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from tests.domains import (
    Target,
    api_routes,
    capability_of,
    collect,
    domain_of,
    domains,
    method_of,
    module_of,
    places_of,
    takes_body,
    takes_pages,
)
from tests.fix_api import Person
from tests.fix_team import Team

QUERIES: dict[str, str] = collect("queries")
BODIES: dict[str, Callable[[Target], object]] = collect("bodies")
PARAMETERS: dict[str, Callable[[], str]] = collect("parameters")
NOWHERE: Mapping[str, str] = {}


@dataclass(frozen=True)
class RouteRequest:
    """A request to a route, ready to be sent by any client."""

    method: str
    path: str
    query: str
    body: object

    async def send(self, client: httpx.AsyncClient) -> httpx.Response:
        body: dict[str, object] = {} if self.body is None else {"json": self.body}
        if isinstance(self.body, str):
            body = {"content": self.body, "headers": {"Content-Type": "text/csv"}}
        return await client.request(self.method, self.path + self.query, **body)  # pyright: ignore[reportArgumentType]  # JSON or nothing


@dataclass(frozen=True)
class Route:
    """A route of the API, with what is declared for it."""

    name: str
    method: str
    path: str
    module: str
    domain: str
    # The parameters of the path that people have roles in.
    places: tuple[str, ...]
    takes_body: bool
    takes_cursor: bool
    needs_caller: bool
    capability: str | None

    @property
    def in_tenant(self) -> bool:
        """Return whether the route is for the users of a tenant, and for no user of the service."""
        return "tenantId" in self.places

    def make_request(self, target: Target, *, within: Mapping[str, str] = NOWHERE) -> RouteRequest:
        """Return the request; `within` replaces places in the path by the caller's own."""
        target = target.of(self.domain)
        place = Target({**target.values, **within})
        path = re.sub(r"{(\w+)}", lambda found: place[found[1]], self.path)
        cursor = target.cursors.get(self.name)
        query = f"cursor={cursor}" if cursor else QUERIES.get(self.name, "")
        return RouteRequest(self.method, path, f"?{query}" if query else "", self._body(target))

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
                domain=domain_of(route),
                places=places_of(route),
                takes_body=takes_body(route),
                takes_cursor=takes_pages(route),
                needs_caller="security" in description["paths"][route.path][method.lower()],
                capability=capability_of(route),
            )


def insiders(team: Team, route: Route) -> tuple[Person, ...]:
    """Return the people of a team who have roles where a route belongs, the highest role first."""
    if route.in_tenant:
        return (team.tenant.admin, team.tenant.staff)
    return (team.owner, team.admin, team.member)


def nowhere() -> Target:
    """Return a target whose values have the right shapes and refer to nothing."""
    return Target({name: make() for name, make in PARAMETERS.items()})


async def make_target(team: Team, person: Person) -> Target:
    """Create rows of all domains for a person of a team."""
    own = {name: await domain.make_rows(team, person) for name, domain in domains().items()}
    merged = {key: values[key] for values in own.values() for key in values}
    # What several domains make is that of the one that declares the parameter.
    for name, domain in domains().items():
        merged |= {key: own[name][key] for key in own[name].keys() & domain.parameters.keys()}
    return Target(merged, own=own)


async def make_targets(team: Team, all_routes: list[Route]) -> list[Target]:
    """Create rows for each person of a team, and cursors for the routes that page."""
    people = (team.owner, team.admin, team.member)
    targets = [await make_target(team, person) for person in people]
    cursors: dict[str, str] = {}
    for route in all_routes:
        if route.takes_cursor:
            first = replace(route.make_request(targets[0]), query="?take=1")
            reader = insiders(team, route)[0]
            cursor = (await first.send(reader.http)).json()["nextCursor"]
            if cursor is None:
                pytest.fail(
                    f"{route.module}: `make_rows` has to create at least two rows that "
                    f"{route.name} lists for {reader.email}: there is no second page to test."
                )
            cursors[route.name] = cursor
    return [replace(target, cursors=cursors) for target in targets]
