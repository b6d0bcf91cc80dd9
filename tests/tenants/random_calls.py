"""Random calls of the users of a tenant: chosen by a seed, recorded, and repeated in another world.

Two worlds give other ids, tokens, cursors and times. A `Memory` numbers those that responses have
shown in the order of their appearance: calls are recorded, and responses compared, with numbers.
"""

import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import urlencode

import httpx
from prisma.enums import TenantUserRole

from tests.domains import Target
from tests.fix_api import ORIGIN, PASSWORD, Api
from tests.fix_tenant import TenantTeam, make_tenant_team
from tests.targets import PARAMETERS, Route

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_IN_FIELDS = "refreshToken", "deviceToken", "nextCursor"
# Fields first: a refresh token contains ids.
_SHOWN = re.compile("|".join([*(rf'(?<="{name}":")[^"]+' for name in _IN_FIELDS), _UUID]))
# Access tokens of one second are equal.
_TIME = re.compile(
    r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)|in \d+ s\b|(?<="accessToken":")[^"]+'
)
# They depend on the time, or on the length of what does.
_IGNORED_HEADERS = {"content-length", "retry-after"}
_HOST = ORIGIN.removeprefix("http://")
# What several tenants may have at the same time, by the names of fields.
_COMMON: Mapping[str, Sequence[str]] = {
    "email": ("ann@example.com", "ben@example.com"),
    "phone": ("+493020930001", "+493020930002"),
    "name": ("Ann", "Ben"),
    "password": (PASSWORD, "a wrong password"),
}
# What one tenant alone can have: a digit of its own is in it.
_OWN: Mapping[str, str] = {
    "number": "+4930209{tenant}00{choice}",
    "waNumber": "+4930209{tenant}10{choice}",
    "phoneNumberId": "10200{tenant}{choice}",
}
_NONSENSE: Sequence[object] = (None, "", 0, True, [], {}, "\0", "x" * 5_000)
_WEIGHTS = {"GET": 2, "POST": 3, "PUT": 3, "PATCH": 2, "DELETE": 1}


class Memory:
    """The ids, tokens and cursors that a tenant has seen, in the order of their appearance."""

    def __init__(self, *known: str) -> None:
        self._numbers = {value: number for number, value in enumerate(known)}

    def read(self, response: str) -> str:
        """Return a response with numbers instead of values, and remember these."""
        return _TIME.sub("<time>", _SHOWN.sub(self._number, response))

    def _number(self, found: re.Match[str]) -> str:
        return f"<{self._numbers.setdefault(found[0], len(self._numbers))}>"

    def record(self, text: str) -> str:
        """Return a part of a request with numbers instead of values that were seen."""
        for value in sorted(self._numbers, key=len, reverse=True):
            text = text.replace(value, f"<{self._numbers[value]}>")
        return text

    def fill(self, text: str) -> str:
        """Return a part of a recorded request with the values that were seen here."""
        values = list(self._numbers)
        return re.sub(r"<(\d+)>", lambda found: values[int(found[1])], text)


@dataclass(frozen=True)
class Call:
    """A request to a route, of one of a tenant's people or of nobody."""

    route: Route
    caller: int | None
    host: str
    path: str
    query: str
    body: str | None

    def __str__(self) -> str:
        return f"{self.route.name}: {self.path}{self.query} {self.body or ''} by {self.caller}"

    def with_texts(self, change: Callable[[str], str]) -> "Call":
        """Return the call with other values in its path, its query and its body."""
        body = None if self.body is None else change(self.body)
        return replace(self, path=change(self.path), query=change(self.query), body=body)


@dataclass
class Player:
    """A tenant whose users call, from an address of their own."""

    tenant: TenantTeam
    digit: int
    http: httpx.AsyncClient
    # The credentials of administrators and staff: enough of them, since they delete each other.
    credentials: list[str]
    memory: Memory
    # Values that responses have shown by the names of fields; ids by the path of their list.
    known: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    async def send(self, call: Call) -> str:
        """Send a call; return its response as the memory reads it."""
        headers = {"Host": call.host, "Content-Type": "application/json"}
        if call.caller is not None:
            headers["Authorization"] = self.credentials[call.caller]
        url = call.path + call.query
        answer = await self.http.request(call.route.method, url, content=call.body, headers=headers)
        if answer.is_success and answer.headers.get("content-type") == "application/json":
            self._learn(call.route, answer.json())
        shown = [item for item in answer.headers.items() if item[0] not in _IGNORED_HEADERS]
        return self.memory.read(f"{answer.status_code} {sorted(shown)} {answer.text}")

    def _learn(self, route: Route, shown: dict[str, Any]) -> None:
        rows: list[dict[str, object]] = shown.get("items", [shown])
        for name, value in [item for row in rows for item in row.items()]:
            if isinstance(value, str):
                self.known.setdefault(route.path if name == "id" else name, []).append(value)
        if cursor := shown.get("nextCursor"):
            self.known.setdefault(f"cursor of {route.path}", []).append(cursor)


async def make_player(api: Api, name: str, *, digit: int) -> Player:
    """Create a tenant with four administrators and two of the staff."""
    tenant = await make_tenant_team(api, name)
    people = [tenant.admin, tenant.staff, await tenant.joined("trainer")]
    people += [await tenant.joined(f"admin{n}", TenantUserRole.ADMIN) for n in range(3)]
    return Player(
        tenant,
        digit,
        api.client(address=f"198.51.100.{digit}"),
        [person.http.headers["Authorization"] for person in people],
        Memory(tenant.id, *(id_ for person in people for id_ in (person.id, person.session))),
    )


@dataclass(frozen=True)
class Chooser:
    """Chooses calls to the routes of tenants, with values that the players know."""

    routes: Sequence[Route]
    description: Mapping[str, Any]
    rng: random.Random

    def choose(self, player: Player, other: Player) -> Call:
        """Return a call of a player, mostly about what is theirs, sometimes about the other's."""
        (route,) = self.rng.choices(self.routes, [_WEIGHTS[route.method] for route in self.routes])
        tenant, host = player.tenant.id, _HOST
        # Log-ins are to the own tenant: that the host of another exists is no secret.
        anyone = self.rng.choice([player, other]) if route.needs_caller else player
        if self._chance(0.1):
            tenant = anyone.tenant.id
        elif self._chance(0.05):
            tenant, host = "current", anyone.tenant.domain
        values = {name: self._value(name, player, other) for name in PARAMETERS}
        request = route.make_request(Target({**values, "tenantId": tenant}))
        body = request.body
        if isinstance(body, dict):
            body = self._changed(cast("dict[str, object]", body), player)
        return Call(
            route,
            self.rng.randrange(len(player.credentials)) if self._chance(0.95) else None,
            host,
            request.path,
            self._query(route, player, other),
            json.dumps(body) if route.takes_body else None,
        )

    def _chance(self, share: float) -> bool:
        return self.rng.random() < share

    def _value(self, name: str, player: Player, other: Player) -> str:
        """Return a value of the player's, or else one of the other's or one that nobody has."""
        if name in _COMMON:
            return self.rng.choice(_COMMON[name])
        whose = other if self._chance(0.15) else player
        lists = {route.path.partition(f"/{{{name}}}")[0] for route in self.routes}
        known = [id_ for path in sorted(lists) for id_ in whose.known.get(path, ())]
        known += whose.known.get(name, ())
        return self.rng.choice(known) if known else PARAMETERS[name]()

    def _changed(self, body: dict[str, object], player: Player) -> dict[str, object]:
        """Return a good body with values that occur again, and now and then with a bad one."""
        changed = dict(body)
        for name in sorted(body):
            if name in _OWN:
                choice = self.rng.randrange(3)
                changed[name] = _OWN[name].format(tenant=player.digit, choice=choice)
            elif self._chance(0.02):
                changed[name] = self.rng.choice(_NONSENSE)
            elif self._chance(0.02):
                del changed[name]
            elif self._chance(0.3):
                again = [*_COMMON.get(name, ()), *player.known.get(name, ())]
                changed[name] = self.rng.choice(again or [body[name]])
        return changed

    def _query(self, route: Route, player: Player, other: Player) -> str:
        operation = self.description["paths"][route.path][route.method.lower()]
        query: dict[str, object] = {}
        for parameter in operation.get("parameters", ()):
            name = parameter["name"]
            if parameter["in"] != "query" or self._chance(0.7):
                continue
            whose = other if self._chance(0.2) else player
            if name == "take":
                query[name] = self.rng.randint(1, 3)
            elif name == "cursor":
                query[name] = self._any(whose.known.get(f"cursor of {route.path}"))
            else:
                known = {*_COMMON.get(name, ()), *whose.known.get(name, ())}
                query[name] = self.rng.choice(sorted(known) or ["true", "a"])
        given = {name: value for name, value in query.items() if value is not None}
        return f"?{urlencode(given)}" if given else ""

    def _any(self, values: Sequence[str] | None) -> str | None:
        return self.rng.choice(values) if values else None
