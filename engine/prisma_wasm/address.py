"""A connection URL with Prisma's parameters, taken apart.

    postgresql://user:password@host:port/database?schema=public&connection_limit=5&pool_timeout=10

Several hosts may be given as libpq does, with commas; a host may be a directory of sockets, in the
URL (percent-encoded) or as the parameter `host`. A parameter that is not known is ignored, as
Prisma does, with a warning that names it, so that a misspelt limit does not go unnoticed.
"""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote

from prisma_wasm import tls
from prisma_wasm.errors import QueryError
from prisma_wasm.tls import refused

log = logging.getLogger(__name__)

_SCHEMES: Final = ("postgresql://", "postgres://")
_IGNORED: Final = frozenset({"channel_binding", "gssencmode", "single_use_connections"})
_SESSION_ATTRIBUTES: Final = frozenset(
    {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}
)
_KNOWN: Final = frozenset(
    {
        "schema", "connection_limit", "pool_timeout", "connect_timeout", "socket_timeout",
        "sslmode", "sslcert", "sslkey", "sslidentity", "sslpassword", "sslaccept", "sslrootcert",
        "pgbouncer", "statement_cache_size", "application_name", "options", "host", "port",
        "user", "password", "dbname", "target_session_attrs", "session_settings",
        "max_connection_lifetime", "max_idle_connection_lifetime",
        "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
        "tcp_user_timeout",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keepalive:
    """How soon a peer that has gone without a word is noticed, in seconds and probes."""

    idle: int
    interval: int
    count: int
    unacknowledged: float


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is, and how to use it."""

    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    user: str
    password: str | None = field(repr=False)
    database: str
    schema: str
    connection_limit: int
    pool_timeout: float | None
    connect_timeout: float | None
    socket_timeout: float | None
    max_lifetime: float | None
    max_idle: float | None
    keepalive: Keepalive | None
    tls: tls.Attempts
    pgbouncer: bool
    statement_cache_size: int
    server_settings: dict[str, str]
    target_session_attrs: str
    session_settings: bool | None  # None: if the connection turns out to lead to the server itself

    @property
    def place(self) -> str:
        """The server, as messages name it."""
        return ",".join(f"{host}:{port}" for host, port in zip(self.hosts, self.ports, strict=True))


def parse(url: str) -> Address:
    """Take a URL apart; raises P1012 or P1013 as Prisma does."""
    rest = next((url[len(start) :] for start in _SCHEMES if url.startswith(start)), None)
    if rest is None:
        raise QueryError(
            "P1012",
            "Error validating datasource: the URL must start with the protocol `postgresql://`"
            " or `postgres://`.",
        )
    rest, _, query = rest.partition("?")
    parameters = dict(parse_qsl(query, keep_blank_values=True))
    for name in parameters:
        if name not in _KNOWN and name not in _IGNORED:
            # What is no name may be the rest of a password with an unencoded question mark.
            shown = f"`{name}`" if re.fullmatch(r"\w{1,40}", name, re.ASCII) else "(no name)"
            log.warning("The database URL's parameter %s is not known, and ignored.", shown)
    authority, _, path = rest.partition("/")
    credentials, _, places = authority.rpartition("@")
    user, _, password = credentials.partition(":")
    hosts, ports = _places(parameters.get("host"), parameters.get("port"), places)
    pgbouncer = _flag(parameters, "pgbouncer")
    return Address(
        hosts=hosts,
        ports=ports,
        user=unquote(parameters.get("user") or user) or os.environ.get("PGUSER") or "postgres",
        password=parameters.get("password") or unquote(password) or None,
        database=unquote(path) or parameters.get("dbname") or "postgres",
        schema=parameters.get("schema") or "public",
        connection_limit=_number(parameters, "connection_limit") or (os.cpu_count() or 1) * 2 + 1,
        pool_timeout=_seconds(parameters, "pool_timeout", 10),
        connect_timeout=_seconds(parameters, "connect_timeout", 5),
        socket_timeout=_seconds(parameters, "socket_timeout", None),
        max_lifetime=_seconds(parameters, "max_connection_lifetime", None),
        max_idle=_seconds(parameters, "max_idle_connection_lifetime", 300),
        keepalive=_keepalive(parameters),
        tls=tls.attempts_of(parameters),
        pgbouncer=pgbouncer,
        statement_cache_size=0 if pgbouncer else _cache_size(parameters),
        server_settings=_server_settings(parameters),
        target_session_attrs=_session_attributes(parameters),
        session_settings=_session_settings(parameters, hosts, pgbouncer),
    )


def _places(
    host: str | None, port: str | None, authority: str
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Hosts and ports, of the authority or of the parameters that come before it."""
    given = (host or authority or "localhost").split(",")
    ports = (port or (_last_port(authority) if host else "")).split(",")
    if len(ports) not in (1, len(given)):
        raise refused(f"{len(ports)} ports for {len(given)} hosts")
    defaults = ports * len(given) if len(ports) == 1 else ports
    places = [_place(*both) for both in zip(given, defaults, strict=True)]
    return tuple(name for name, _port in places), tuple(number for _name, number in places)


def _place(text: str, port: str) -> tuple[str, int]:
    if text.startswith("["):
        host, _, after = text[1:].partition("]")
        separator, number = after[:1], after[1:]
    elif text.startswith("/") or text.count(":") > 1:  # a directory of sockets, a bare IPv6 address
        host, separator, number = text, "", ""
    else:
        host, separator, number = text.partition(":")
    number = number if separator else port or "5432"
    if not (number.isdecimal() and number.isascii() and 0 < int(number) < 65536):
        raise refused("invalid port number")
    return unquote(host) or "localhost", int(number)


def _last_port(authority: str) -> str:
    _, _, number = authority.rpartition(":")
    return number if number.isdecimal() else ""


def _number(parameters: dict[str, str], name: str) -> int | None:
    text = parameters.get(name)
    if text is None or text == "":
        return None
    if not text.isdecimal() or not text.isascii():
        raise refused(f"`{name}` must be a whole number, not `{text}`")
    return int(text)


def _seconds(parameters: dict[str, str], name: str, default: float | None) -> float | None:
    """A limit in seconds; 0 is no limit."""
    text = parameters.get(name)
    if text is None or text == "":
        return default
    try:
        seconds = float(text)
    except ValueError as error:
        raise refused(f"`{name}` must be a number of seconds, not `{text}`") from error
    if not 0 <= seconds < 10**9:
        raise refused(f"`{name}` must be a number of seconds, not `{text}`")
    return seconds or None


def _keepalive(parameters: dict[str, str]) -> Keepalive | None:
    """As libpq has them, with shorter defaults than the system's two hours."""
    if parameters.get("keepalives") == "0":
        return None
    milliseconds = _number(parameters, "tcp_user_timeout")
    return Keepalive(
        idle=_number(parameters, "keepalives_idle") or 10,
        interval=_number(parameters, "keepalives_interval") or 5,
        count=_number(parameters, "keepalives_count") or 3,
        unacknowledged=25 if milliseconds is None else milliseconds / 1000,
    )


def _session_attributes(parameters: dict[str, str]) -> str:
    text = parameters.get("target_session_attrs") or "any"
    if text not in _SESSION_ATTRIBUTES:
        choice = ", ".join(sorted(_SESSION_ATTRIBUTES))
        raise refused(f"`target_session_attrs` must be one of {choice}, not `{text}`")
    return text


def _cache_size(parameters: dict[str, str]) -> int:
    size = _number(parameters, "statement_cache_size")
    return 100 if size is None else size


def _flag(parameters: dict[str, str], name: str) -> bool:
    text = parameters.get(name, "false").lower()
    if text not in ("true", "false"):
        raise refused(f"`{name}` must be true or false, not `{text}`")
    return text == "true"


def _server_settings(parameters: dict[str, str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    if parameters.get("application_name"):
        settings["application_name"] = parameters["application_name"]
    if parameters.get("options"):
        settings["options"] = parameters["options"]
    return settings


def _session_settings(
    parameters: dict[str, str], hosts: tuple[str, ...], pgbouncer: bool
) -> bool | None:
    """Whether a setting of a session stays with it: not where a pooler shares sessions."""
    if "session_settings" in parameters:
        return _flag(parameters, "session_settings")
    return False if pgbouncer or any("-pooler." in host for host in hosts) else None
