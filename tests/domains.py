"""What the tests know about each domain, declared in one module per domain: tests/NAME/domain.py.

The tests of all routes (isolation, statements, roles, query plans, policies) collect these modules.
The module of app/NAME holds `DOMAIN = Domain(...)`; tests/workspaces/domain.py is a full example.
Routes are named by their handlers: `read_workspace`.
"""

import importlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from fastapi.routing import APIRoute
from prisma import Prisma

from app.access import Capability
from app.access.scope import CapabilityDependency
from app.http.bodies import body_stream
from app.http.pages import PageRequest
from app.main import ROUTES
from tests.fix_api import Person
from tests.fix_team import Team
from tests.role_tables import Row

TESTS = Path(__file__).parent
# The kinds of tenancy: the parameter of their paths, and their name in scopes and declarations.
TENANCIES = {"workspaceId": "workspace", "organizationId": "organization", "tenantId": "tenant"}
# What people have roles in: tenancies, and what is inside of one with roles of its own.
PLACES = (*TENANCIES, "projectId")
ValueT = TypeVar("ValueT")
_NO_ENTRIES: Any = partial(field, default_factory=dict)

Request = Callable[[], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Target:
    """The ids, tokens and addresses that a request aims at, by the names of path parameters."""

    values: Mapping[str, str]
    # By the handlers of lists: a cursor of the second page.
    cursors: dict[str, str] = field(default_factory=dict[str, str])
    # By domain: the values of its own rows, which its own routes aim at.
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def of(self, domain: str) -> "Target":
        """Return the target of a domain's routes."""
        return replace(self, values={**self.values, **self.own.get(domain, {})})

    def __getitem__(self, name: str) -> str:
        if name not in self.values:
            pytest.fail(
                f"No domain makes a {name!r} for the tests of all routes: let `make_rows` of the "
                f"domain that owns it, in its tests/NAME/domain.py, return one, and add "
                f"{name!r} to its `parameters`."
            )
        return self.values[name]


@dataclass(frozen=True)
class Holder:
    """A user in the tests of policies, and what they alone belong to.

    In the tenant they are another user, of that tenant.
    """

    name: str
    user: str
    workspace: str
    organization: str
    project: str
    tenant: str
    tenant_user: str

    def user_in(self, tenancy: str) -> str:
        """Return the id of the user whom they are in a kind of tenancy."""
        return self.tenant_user if tenancy == "tenant" else self.user


@dataclass(frozen=True)
class World:
    """What the tests of policies run in."""

    client: Prisma  # as the service's role
    ann: Holder
    bob: Holder


@dataclass(frozen=True)
class PolicyRows:
    """What the tests of policies need: rows, and which of them each scope sees."""

    # Creates rows for a user, as the owner of the tables.
    create: Callable[[Prisma, Holder], Awaitable[None]]
    # Tables, and how many rows a scope shows: of one user, and in one tenancy of theirs. What a
    # user of the service sees is hidden in a tenant, whose users are others.
    seen_by_user: Mapping[str, int] = _NO_ENTRIES()
    seen_in_workspace: Mapping[str, int] = _NO_ENTRIES()
    seen_in_organization: Mapping[str, int] = _NO_ENTRIES()
    seen_in_tenant: Mapping[str, int] = _NO_ENTRIES()
    # Keys, with {name} for the name of a user, and the only table of which they show a row; in a
    # tenant, the only table of which they show a row more than the tenant alone does.
    seen_by_key: Mapping[str, str] = _NO_ENTRIES()
    seen_by_key_in_tenant: Mapping[str, str] = _NO_ENTRIES()
    # Attempts of Ann to write a row for Bob or into his tenancies, by name.
    forged: Mapping[str, Callable[[World], Awaitable[object]]] = _NO_ENTRIES()


async def _no_rows(_: Team, __: Person) -> Mapping[str, str]:
    return {}


async def _no_requests(_: Team) -> AsyncIterator[tuple[str, Request]]:
    for entry in ():
        yield entry


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The declarations of one domain; what does not apply may be left out."""

    # How many statements each route sends, with BEGIN and COMMIT.
    statements: Mapping[str, int] = _NO_ENTRIES()
    # For each route one request that succeeds, in a team made for the domain.
    requests: Callable[[Team], AsyncIterator[tuple[str, Request]]] = _no_requests
    # For each route that changes a tenancy: the actions that its request adds to the trail.
    audited: Mapping[str, Sequence[str]] = _NO_ENTRIES()
    # For each route below a tenancy at least one row: what every role gets for a request.
    roles: Mapping[str, Row] = _NO_ENTRIES()

    # For each path parameter, and each other value that `make_rows` returns: a function that
    # makes a value of the same shape that refers to nothing.
    parameters: Mapping[str, Callable[[], str]] = _NO_ENTRIES()
    # Creates at least two rows for each list, and returns values by the names in `parameters`.
    make_rows: Callable[[Team, Person], Awaitable[Mapping[str, str]]] = _no_rows
    # For each route with required parameters in its query: that query.
    queries: Mapping[str, str] = _NO_ENTRIES()
    # For each route with a body: a good one that refers to a target; a text is sent as CSV.
    bodies: Mapping[str, Callable[[Target], object]] = _NO_ENTRIES()
    # Routes by which anyone may write to anyone, as a mail to an address.
    writes_to_anyone: frozenset[str] = frozenset()

    # SQL that adds a row for each row of the temporary table `work` ("user", workspace,
    # organization, tenant, "tenantUser"). In it and in `lists`, {noteId} and other names of
    # `parameters` stand for the values of `make_rows`.
    many_rows: str = ""
    # For each list: the values of its query's conditions, of "{user}", "{workspace}",
    # "{organization}", "{tenant}", "{tenantUser}", "{noteId}" or literals.
    lists: Mapping[str, tuple[str, ...]] = _NO_ENTRIES()

    # For the tests of the API's description: SQL that adds rows to "{workspace}",
    # "{organization}" or "{tenant}", of "{user}" or "{tenantUser}", and the values that refer to
    # them by the names of parameters and fields.
    contract_rows: str = ""
    contract_values: Mapping[str, Sequence[str]] = _NO_ENTRIES()

    policy_rows: PolicyRows | None = None

    # Routes that whoever acts as a user may call, in the mode write, and the tables that may be
    # written to then. All others refuse.
    writable_while_impersonating: frozenset[str] = frozenset()
    writable_tables: frozenset[str] = frozenset()


def new_uuid() -> str:
    """Return a UUID that nothing has."""
    return str(uuid.uuid4())


@cache
def domains() -> dict[str, Domain]:
    """Return the declarations of all domains by name."""
    found: dict[str, Domain] = {}
    for path in sorted(TESTS.glob("*/domain.py")):
        name = path.parent.name
        declared = getattr(importlib.import_module(f"tests.{name}.domain"), "DOMAIN", None)
        if not isinstance(declared, Domain):
            pytest.fail(f"tests/{name}/domain.py must define DOMAIN = Domain(...).")
        found[name] = declared
    return found


def collect(name: str) -> dict[str, Any]:
    """Merge one mapping of all domains: `collect("bodies")`."""
    merged: dict[str, Any] = {}
    for domain, declared in domains().items():
        entries: Mapping[str, Any] = getattr(declared, name)
        if twice := merged.keys() & entries.keys():
            pytest.fail(
                f"`{name}` in tests/{domain}/domain.py repeats {sorted(twice)}, which another "
                "domain declares: keep it in the domain that owns it."
            )
        merged |= entries
    return merged


def policy_rows() -> list[PolicyRows]:
    """Return the declarations for the tests of policies."""
    return [rows for domain in domains().values() if (rows := domain.policy_rows)]


def api_routes() -> dict[str, APIRoute]:
    """Return the application's routes by the names of their handlers."""
    return {route.name: route for route in ROUTES if isinstance(route, APIRoute)}


def module_of(route: APIRoute) -> str:
    """Return the path of the module that declares a route: app/notes has tests/notes/domain.py."""
    return f"tests/{domain_of(route)}/domain.py"


def domain_of(route: APIRoute) -> str:
    """Return the package of app/ whose module declares a route."""
    return route.endpoint.__module__.split(".")[1]


def places_of(route: APIRoute) -> tuple[str, ...]:
    """Return the parameters of a route's path that people have roles in, the outermost first.

    To a route that needs a capability they are rows like others: no role in them counts there.
    """
    return tuple(
        name for name in route.param_convertors if name in PLACES and not capability_of(route)
    )


def scope_of(route: APIRoute) -> str | None:
    """Return the name of the tenancy in whose scope a route runs."""
    return next((TENANCIES[name] for name in places_of(route) if name in TENANCIES), None)


def describe_route(route: APIRoute) -> str:
    """Return the method and the path of a route."""
    return f"{method_of(route)} {route.path}"


def method_of(route: APIRoute) -> str:
    return " ".join(sorted(route.methods or ()))  # each of our routes has one


def missing_declarations(
    routes: Mapping[str, APIRoute], declared: Mapping[str, Domain]
) -> list[str]:
    """Return sentences that say what must be added to which module before the tests can run."""
    sentences: list[str] = []
    for name, route in routes.items():
        domain = declared.get(domain_of(route))
        if domain is None:
            sentences.append(
                f"{module_of(route)} does not exist, but {describe_route(route)} does: write it, "
                "as in docs/adding-a-domain.md."
            )
            continue
        for entry, text in _required(name, route):
            if name not in getattr(domain, entry):
                sentences.append(f'{module_of(route)}: add "{name}" to `{entry}`: {text}.')
        parameters = {key for each in declared.values() for key in each.parameters}
        sentences += [
            f"{module_of(route)}: add {parameter!r}, which {route.path} contains, to `parameters`: "
            "a function that makes a value of its shape that refers to nothing; and let "
            "`make_rows` return a value that refers to a row."
            for parameter in sorted(route.param_convertors.keys() - parameters)
        ]
    for name, domain in declared.items():
        for entry in ("statements", "queries", "bodies", "audited", "lists"):
            sentences += [
                f"tests/{name}/domain.py: remove {old!r} from `{entry}`: no route of that name "
                "exists."
                for old in sorted(getattr(domain, entry).keys() - routes.keys())
            ]
    return sentences


def _required(name: str, route: APIRoute) -> list[tuple[str, str]]:
    """Return the entries that a domain must have for a route, and what each is."""
    what = describe_route(route)
    required = [("statements", f"how many statements {what} sends; 0 at first, the test tells")]
    if takes_body(route):
        required.append(("bodies", f"a good body for {what}, as `lambda target: {{...}}`"))
    if places_of(route) and route.methods != {"GET"}:
        required.append(("audited", f"the audit actions that {what} records, as a tuple"))
    if takes_pages(route):
        required.append(("lists", f"the values of the conditions of {what}'s query, as a tuple"))
    return required


def takes_body(route: APIRoute) -> bool:
    """Return whether a route reads a body, at once or while it arrives."""
    return route.body_field is not None or body_stream(route.endpoint) is not None


def takes_pages(route: APIRoute) -> bool:
    """Return whether a route is a list in pages."""
    return any(
        isinstance(kind := parameter.field_info.annotation, type) and issubclass(kind, PageRequest)
        for parameter in route.dependant.query_params
    )


def capability_of(route: APIRoute) -> Capability | None:
    """Return the capability that a route requires of its caller, if it requires one."""
    found = {
        dependency.call.capability
        for dependency in route.dependant.dependencies
        if isinstance(dependency.call, CapabilityDependency)
    }
    return found.pop() if found else None
