"""Who asks for what belongs to another team, in the tests of isolation.

A new way to prove who calls, or a new position to ask from, is one more entry of `KINDS`.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import httpx
from prisma.enums import TenantUserRole

from tests.domains import Target
from tests.fix_access import make_administrator
from tests.fix_api import Api
from tests.fix_impersonation import act_as
from tests.fix_team import Team, make_team
from tests.fix_tenant import make_tenant_team
from tests.targets import NOWHERE, Route


@dataclass(frozen=True)
class Caller:
    """A client, and the ids of the caller's own places by the names of path parameters."""

    http: httpx.AsyncClient
    places: Mapping[str, str] = field(default_factory=lambda: NOWHERE)

    def places_to_ask(self, route: Route, target: Target) -> Iterator[Mapping[str, str]]:
        """Return the places of their own in which the caller asks a route for a target.

        First there is none, then the outermost of the path, and so on. A place that the caller
        shares with the target always counts as their own: what they may not know is inside of it.
        """
        own = [(name, self.places[name]) for name in route.places if name in self.places]
        for depth in range(len(own) + 1):
            if depth == len(own) or target.values[own[depth][0]] != own[depth][1]:
                yield dict(own[:depth])


@dataclass(frozen=True)
class Kind:
    """A kind of caller: how one is made, given the other team and a name, and what they ask."""

    make: Callable[[Api, Team, str], Awaitable[Caller]]
    asks: Callable[[Route], bool] = lambda route: route.needs_caller
    # Whether they ask for each person of the team. The kinds that differ from others only in how
    # the caller is found out, or in what else they may do, ask for one.
    asks_for_all: bool = False
    # The places of the team that they belong to. They ask about the others.
    member_of: tuple[str, ...] = ()
    # Whether they are users of a tenant, and not of the service.
    of_tenant: bool = False

    @property
    def is_insider(self) -> bool:
        return bool(self.member_of)

    def may_count(self, route: Route) -> bool:
        """Return whether a route accepts their kind of credentials at all."""
        return self.of_tenant == route.in_tenant


async def _anonymous(api: Api, _: Team, __: str) -> Caller:
    return Caller(api.anonymous)


async def _stranger(api: Api, _: Team, name: str) -> Caller:
    return Caller((await api.person(name)).http)


async def _of_another_team(role: str, api: Api, _: Team, name: str) -> Caller:
    team = await make_team(api, name)
    people = {"owner": team.owner, "admin": team.admin, "member": team.member}
    return Caller(people[role].http, team.places)


async def _owner_with_a_cookie(api: Api, _: Team, name: str) -> Caller:
    team = await make_team(api, name)
    return Caller((await api.browser(team.owner.id, team.owner.email)).http, team.places)


async def _administrator(api: Api, _: Team, name: str) -> Caller:
    return Caller((await make_administrator(api, name)).http)


async def _impersonator(tenancy: str, api: Api, _: Team, name: str) -> Caller:
    team = await make_team(api, name)
    support = await make_administrator(api, f"support.{name}")
    place = {tenancy: team.places[tenancy]}
    acting = await act_as(api, support, team.owner, mode="write", **place)
    return Caller(acting.http, team.places)


async def _in_the_workspace_alone(_: Api, other: Team, name: str) -> Caller:
    return Caller((await other.joined(name)).http, {"workspaceId": other.id})


async def _without_access_to_projects(_: Api, other: Team, name: str) -> Caller:
    person = await other.joined_no_project(name)
    return Caller(person.http, {"organizationId": other.organization.id})


async def _of_another_tenant(role: str, api: Api, _: Team, name: str) -> Caller:
    tenant = await make_tenant_team(api, name)
    people = {"admin": tenant.admin, "staff": tenant.staff}
    return Caller(people[role].http, {"tenantId": tenant.id})


async def _in_the_tenant_alone(_: Api, other: Team, name: str) -> Caller:
    admin = await other.tenant.joined(name, TenantUserRole.ADMIN)
    return Caller(admin.http, {"tenantId": other.tenant.id})


def _for_users(route: Route) -> bool:
    """Return whether a route is for callers of the service."""
    return route.needs_caller and not route.in_tenant


KINDS = {
    "owner": Kind(partial(_of_another_team, "owner"), asks_for_all=True),
    "admin": Kind(partial(_of_another_team, "admin"), asks=_for_users),
    "member": Kind(partial(_of_another_team, "member"), asks=_for_users),
    "stranger": Kind(_stranger, asks=lambda _: True, asks_for_all=True),
    "anonymous": Kind(_anonymous, asks=lambda _: True),
    "owner with a cookie": Kind(_owner_with_a_cookie),
    # Holds every global capability, and learns through all other routes no more than a stranger.
    "administrator": Kind(
        _administrator, asks=lambda route: route.needs_caller and not route.capability
    ),
    # Act as an owner of another team, in one of its places.
    "impersonator in a workspace": Kind(partial(_impersonator, "workspaceId")),
    "impersonator in an organization": Kind(partial(_impersonator, "organizationId")),
    "member of the workspace": Kind(
        _in_the_workspace_alone,
        asks=lambda route: "organizationId" in route.places,
        member_of=("workspaceId",),
    ),
    "member of the organization without access to its projects": Kind(
        _without_access_to_projects,
        asks=lambda route: bool({"workspaceId", "projectId"} & set(route.places)),
        member_of=("organizationId",),
    ),
    "admin of another tenant": Kind(
        partial(_of_another_tenant, "admin"), asks=lambda route: route.in_tenant, of_tenant=True
    ),
    "staff of another tenant": Kind(
        partial(_of_another_tenant, "staff"), asks=lambda route: route.in_tenant, of_tenant=True
    ),
    # Learn nothing by a token of the tenant outside of it.
    "admin of the tenant": Kind(
        _in_the_tenant_alone, asks=_for_users, member_of=("tenantId",), of_tenant=True
    ),
}
