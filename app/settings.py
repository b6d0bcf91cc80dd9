"""The configuration: typed settings, read from the environment and `.env`."""

import fcntl
import ipaddress
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from email.utils import formataddr, parseaddr
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretBytes,
    SecretStr,
    ValidationError,
)

from app.kit.addresses import is_unambiguous
from app.kit.encryption_keys import KEY_BYTES, key_id, parse_key
from app.kit.errors import OperatorError
from app.kit.limits import (
    MAX_BODY_BYTES,
    MAX_CONNECTIONS,
    MAX_CONNECTIONS_PER_PEER,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_URL_BYTES,
)

ROOT = Path(__file__).resolve().parent.parent
SERVICE_NAME = "tenantry"
DATA = ROOT / ".data"

SECRET_KEY_LENGTH = 32


class SettingsError(OperatorError):
    """A setting is wrong or missing; the message is one line that names it."""


def _postgres_url(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError as error:
        raise ValueError(f"is not a valid URL ({error})") from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError("must be a PostgreSQL URL that begins with postgresql://")
    hosts = parts.netloc.rpartition("@")[2]
    if not hosts and "host=" not in parts.query:
        raise ValueError("names no host: postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    if not parts.path.strip("/") and "dbname=" not in parts.query:
        raise ValueError("names no database: postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    for host in filter(None, hosts.split(",")):  # a cluster has several, separated by commas
        if not re.fullmatch(r"(\[[^\]]+\]|[^:\[\]]+)?(:\d{1,5})?", host):
            raise ValueError(
                "has an invalid host or port (write @ : / in a password as %40 %3A %2F)"
            )
    return value


def _smtp_url(value: SecretStr) -> SecretStr:
    try:
        parts = urlsplit(value.get_secret_value())
        port = parts.port
    except ValueError as error:
        raise ValueError(f"is not a valid URL ({error})") from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ValueError("must be smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS throughout")
    if port == 0 or parts.path.strip("/") or parts.query:
        raise ValueError("takes a host and a port, and nothing after them")
    return value


def _web_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"is not a valid URL ({error})") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a URL that begins with https:// or http://")
    if parts.query or parts.fragment:
        raise ValueError("must not contain ? or #: links are appended to it")
    return value.rstrip("/")


def _origin_of(url: SplitResult) -> str:
    """Return a URL's origin as browsers send it: lower case, without its scheme's own port."""
    host = f"[{url.hostname}]" if ":" in (url.hostname or "") else url.hostname
    is_default = url.port is None or (url.scheme, url.port) in (("http", 80), ("https", 443))
    return f"{url.scheme}://{host}" + ("" if is_default else f":{url.port}")


def _origin(value: str) -> str:
    """Return an origin as browsers send it."""
    if "*" in value:
        raise ValueError("takes exact origins only: a wildcard would let every site call the API")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"contains an invalid origin ({error})") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not value.isascii():
        raise ValueError("takes origins such as https://app.example.com or http://localhost:5173")
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("takes origins only: scheme, host and port, without a path or final slash")
    return _origin_of(parts)


def _sender(value: str) -> str:
    name, address = parseaddr(value)
    is_whole = value == address or value.endswith(f"<{address}>")
    if not is_whole or not value.isprintable() or not is_unambiguous(address):
        raise ValueError("must be an address, or: Name <address>")
    # Mail software decodes =?, and parsers disagree about the others.
    if not name.isascii() or "=?" in name or re.search(r'["\\<>]', name):
        raise ValueError('must have a name of ASCII characters without =? " \\ < and >')
    return formataddr((name, address))


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SECRET_KEY_LENGTH:
        raise ValueError(f"must have at least {SECRET_KEY_LENGTH} characters")
    return value


def _encryption_key(value: object) -> object:
    return parse_key(value) if isinstance(value, str) else value


def _different(value: tuple[SecretBytes, ...]) -> tuple[SecretBytes, ...]:
    ids = [key_id(key.get_secret_value()) for key in value]
    for id_ in ids:
        if ids.count(id_) > 1:
            raise ValueError(f"contains two keys with the id {id_}: remove one")
    return value


def _listed(value: object) -> object:
    return [item.strip() for item in value.split(",")] if isinstance(value, str) else value


def _events(value: object) -> object:
    return () if value == "none" else _listed(value)


Network = ipaddress.IPv4Network | ipaddress.IPv6Network
SmtpUrl = Annotated[SecretStr, AfterValidator(_smtp_url)]
SecretKey = Annotated[SecretStr, AfterValidator(_long_enough)]
EncryptionKey = Annotated[SecretBytes, BeforeValidator(_encryption_key)]
Days = Annotated[int, Field(ge=1, le=36500)]  # a century: dates do not go back forever
Origin = Annotated[str, AfterValidator(_origin)]
DatabaseEvent = Literal["query", "warn", "error"]
PostgresUrl = Annotated[str, AfterValidator(_postgres_url)]


class Settings(BaseModel):
    """Every variable that the service reads; `.env.example` describes them."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    app_env: Literal["development", "production"] = "development"
    database_url: PostgresUrl | None = None
    direct_url: PostgresUrl | None = None
    app_database_url: PostgresUrl | None = None
    app_database_role: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,62}$")] = "tenantry_app"
    secret_key: SecretKey
    former_secret_keys: Annotated[tuple[SecretKey, ...], BeforeValidator(_listed)] = ()
    # load() fills in secrets of development.
    session_secret: Annotated[tuple[SecretKey, ...], BeforeValidator(_listed)] = ()
    encryption_key: Annotated[
        tuple[EncryptionKey, ...], BeforeValidator(_listed), AfterValidator(_different)
    ] = ()
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    workers: Annotated[int, Field(ge=1)] | None = None
    workspaces_per_owner: Annotated[int, Field(ge=1)] = 100
    organizations_per_owner: Annotated[int, Field(ge=1)] = 100
    session_days: Days = 90
    unconfirmed_days: Days = 30
    audit_days: Days | None = None
    max_head_bytes: Annotated[int, Field(ge=1024)] = MAX_HEAD_BYTES
    max_headers: Annotated[int, Field(ge=10)] = MAX_HEADERS
    max_url_bytes: Annotated[int, Field(ge=1024)] = MAX_URL_BYTES
    max_connections: Annotated[int, Field(ge=1)] = MAX_CONNECTIONS
    max_connections_per_peer: Annotated[int, Field(ge=1)] = MAX_CONNECTIONS_PER_PEER
    max_body_bytes: Annotated[int, Field(ge=1024)] = MAX_BODY_BYTES
    body_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30
    shutdown_seconds: Annotated[int, Field(ge=1)] = 20
    write_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 30
    trusted_proxies: Annotated[tuple[Network, ...], BeforeValidator(_listed)] = ()
    cors_origins: Annotated[tuple[Origin, ...], BeforeValidator(_listed)] = ()
    api_docs: bool | None = None
    public_url: Annotated[str, AfterValidator(_web_url)] = ""  # load() fills in the default
    smtp_url: SmtpUrl | None = None
    mail_from: Annotated[str, AfterValidator(_sender)] = "Tenantry <tenantry@localhost>"
    mail_folder: Path = DATA / "mail"
    metrics_token: SecretKey | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    database_log: Annotated[tuple[DatabaseEvent, ...] | None, BeforeValidator(_events)] = None

    @property
    def development(self) -> bool:
        return self.app_env == "development"

    @property
    def database_events(self) -> tuple[DatabaseEvent, ...]:
        """Return what the log says of the database: DATABASE_LOG, else all in development."""
        if self.database_log is not None:
            return self.database_log
        return ("query", "warn", "error") if self.development else ("error",)

    @property
    def own_url(self) -> str:
        """Return the URL at which a browser on this machine reaches the service."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  (compared, not bound)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def public_origin(self) -> str:
        """Return the origin of PUBLIC_URL, as browsers send it."""
        return _origin_of(urlsplit(self.public_url))

    @property
    def serves_docs(self) -> bool:
        """Return whether /docs and /openapi.json are served: API_DOCS, else in development only."""
        return self.development if self.api_docs is None else self.api_docs


# Without mail nobody could confirm an address, so nobody could log in.
NEEDED_IN_PRODUCTION = (
    "DATABASE_URL",
    "SECRET_KEY",
    "SESSION_SECRET",
    "ENCRYPTION_KEY",
    "PUBLIC_URL",
    "SMTP_URL",
    "MAIL_FROM",
)
# Development generates what is missing of these.
_SECRETS = ("SECRET_KEY", "SESSION_SECRET", "ENCRYPTION_KEY")


def load(
    environment: Mapping[str, str] = os.environ,
    *,
    env_file: Path = ROOT / ".env",
    data: Path = DATA,
) -> Settings:
    """Return the settings of `environment`, else of `env_file`, else the defaults.

    Raise SettingsError if one is wrong, or missing in production.
    """
    names = {name.upper() for name in Settings.model_fields}
    given = {**dotenv_values(env_file), **environment}
    values = {name: value for name in names if (value := given.get(name))}
    if values.get("APP_ENV") == "production":
        for name in NEEDED_IN_PRODUCTION:
            if name not in values:
                raise SettingsError(f"{name} is not set, and production needs it.")
    elif missing := [name for name in _SECRETS if name not in values]:
        values |= _development_secrets(data / "secrets", missing)
    try:
        settings = Settings.model_validate({name.lower(): value for name, value in values.items()})
    except ValidationError as error:
        raise SettingsError(_one_line(error)) from None
    if settings.public_url:
        return settings
    return settings.model_copy(update={"public_url": settings.own_url})


def _one_line(error: ValidationError) -> str:
    problems: list[str] = []
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0]).upper()
        problems.append(f"{name}: {problem['msg'].removeprefix('Value error, ')}")
    return "; ".join(problems)


def _development_secrets(path: Path, names: Sequence[str]) -> dict[str, str]:
    """Return secrets from `path`; a start adds what is missing, readable by its owner only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not _read_secrets(path).keys() >= set(names):
            _add_secrets(path, names)
        kept = _read_secrets(path)
    except OSError as error:
        raise SettingsError(
            f"{', '.join(names)}: not set, and {path} cannot be used: {error.strerror}."
        ) from None
    return {name: kept[name] for name in names}


def _add_secrets(path: Path, names: Sequence[str]) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o600)
    with os.fdopen(descriptor, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the first of several concurrent starts adds them
        kept = _read_secrets(path)
        added = [f"{name}={secrets.token_urlsafe(KEY_BYTES)}" for name in names if name not in kept]
        file.write("".join(f"\n{line}" for line in added) + "\n")


def _read_secrets(path: Path) -> dict[str, str]:
    return {name: value for name, value in dotenv_values(path).items() if value}
