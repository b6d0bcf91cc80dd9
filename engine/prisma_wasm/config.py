"""A project's settings in `[tool.prisma-wasm]` of its pyproject.toml, and the URL that follows.

    [tool.prisma-wasm]
    database = "embedded"   # without DATABASE_URL, use a PostgreSQL server of the project's own
    data_dir = ".data"      # its data is in <data_dir>/postgres, relative to pyproject.toml
    idle_minutes = 5        # it stops when nothing has used it for so long

Read by the `prisma` command and by the client alike, so that both meet in one database.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

# The setting as it stands in a pyproject.toml.
EMBEDDED = '[tool.prisma-wasm]\ndatabase = "embedded"'
_KNOWN = {"database", "data_dir", "idle_minutes"}
_DEFAULT_DATA_DIR = ".data"
_DEFAULT_IDLE_MINUTES = 5.0
_DEFAULT_DATABASE = "app"
# PostgreSQL's own, which hold no project's tables.
_RESERVED = {"postgres", "template0", "template1"}


class ConfigError(ValueError):
    """A setting is wrong; the message names the file and the key."""


@dataclass(frozen=True)
class ProjectConfig:
    """The settings of one project, with every default filled in."""

    root: Path
    embedded: bool
    data_dir: Path
    idle_minutes: float
    database_name: str

    @property
    def server_folder(self) -> Path:
        return self.data_dir / "postgres"


def find(start: Path) -> ProjectConfig | None:
    """The settings in the nearest pyproject.toml, from this folder upward, that has our table."""
    start = start.absolute()
    for folder in (start, *start.parents):
        file = folder / "pyproject.toml"
        try:
            document = load(file)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError:
            # Not a project of ours, such as a home folder above one.
            continue
        table = table_in(document, "tool", file).get("prisma-wasm")
        if table is not None:
            name = table_in(document, "project", file).get("name")
            return _read(file, table, name if isinstance(name, str) else "")
    return None


def load(file: Path) -> dict[str, Any]:
    """A pyproject.toml as it is; one that cannot be read is named, with the line."""
    content = file.read_bytes()
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(f"{file} is not valid TOML: line {line} is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file} is not valid TOML: {error}") from error


def database_url(
    start: Path, environment: Mapping[str, str], name: str = "DATABASE_URL"
) -> str | None:
    """The database that a program in this folder should use.

    The variable where it is set and not empty. Else, where the project says so, the URL of its
    embedded server, which is started if need be (this blocks for some seconds, the first time
    for longer); it is called after the project and exists, empty, from the first time on, so that
    a client can connect before any migration has run. Else None.
    """
    if url := environment.get(name):
        return url
    config = find(start)
    if config is None or not config.embedded:
        return None
    # Not needed, and not installed, where DATABASE_URL is set.
    from prisma_wasm import embedded

    server = embedded.ensure(
        config.server_folder, database=config.database_name, idle_minutes=config.idle_minutes
    )
    return server.url(config.database_name)


def database_name(project: str) -> str:
    """A project's name as the name of a database that needs no quotes."""
    name = re.sub(r"[^a-z0-9]+", "_", project.lower()).strip("_")
    if name[:1].isdigit():
        name = f"{_DEFAULT_DATABASE}_{name}"
    return _DEFAULT_DATABASE if not name or name in _RESERVED else name[:63]


def _read(file: Path, table: object, project: str) -> ProjectConfig:
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: tool.prisma-wasm must be a table")
    settings = cast("dict[str, Any]", table)
    if unknown := sorted(settings.keys() - _KNOWN):
        raise ConfigError(
            f"{file}: [tool.prisma-wasm] has no setting {unknown[0]!r};"
            f" it has {', '.join(sorted(_KNOWN))}"
        )
    database = settings.get("database")
    if database not in (None, "embedded"):
        raise ConfigError(
            f'{file}: [tool.prisma-wasm] database must be "embedded", not {database!r}'
        )
    data_dir = settings.get("data_dir", _DEFAULT_DATA_DIR)
    if not isinstance(data_dir, str) or not data_dir:
        raise ConfigError(f"{file}: [tool.prisma-wasm] data_dir must be a path, not {data_dir!r}")
    minutes = settings.get("idle_minutes", _DEFAULT_IDLE_MINUTES)
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 < minutes < 1e6:
        raise ConfigError(
            f"{file}: [tool.prisma-wasm] idle_minutes must be a number above 0, not {minutes!r}"
        )
    return ProjectConfig(
        root=file.parent,
        embedded=database == "embedded",
        data_dir=file.parent / data_dir,
        idle_minutes=float(minutes),
        database_name=database_name(project),
    )


def table_in(document: Mapping[str, Any], name: str, file: Path) -> dict[str, Any]:
    """A table of a pyproject.toml, empty where there is none."""
    table = document.get(name, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{file}: `{name}` must be a table, not {table!r}")
    return cast("dict[str, Any]", table)
