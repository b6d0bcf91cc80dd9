"""Finds the Prisma schema, a file or a folder, as the Prisma CLI of the client's version did."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from prisma_wasm import config, schema_text
from prisma_wasm.toolchain.errors import ToolchainError

PATH_VARIABLE = "PRISMA_SCHEMA_PATH"
FOLDER_FEATURE = "prismaSchemaFolder"
PROPERTY = re.compile(r"^(\w+)\s*=\s*(.+)$")
ENV = re.compile(r'^env\s*\(\s*"([^"]+)"\s*\)$')
CONFIG_FILES = [
    f"{stem}.{ending}"
    for stem in ("prisma.config", ".config/prisma")
    for ending in ("ts", "js", "mts", "mjs", "cts", "cjs")
]


@dataclass(frozen=True)
class Block:
    """A datasource or generator block: its file, and its properties as they are written."""

    file: Path
    kind: str
    name: str
    properties: dict[str, str]

    def variable(self, key: str) -> str | None:
        """The environment variable that a property is read from."""
        found = ENV.match(self.properties.get(key, ""))
        return found[1] if found else None

    def text(self, key: str) -> str | None:
        """A property that is a plain string."""
        value = self.properties.get(key, "")
        return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else None


@dataclass(frozen=True)
class Schema:
    """A schema of one file or of a folder of files."""

    path: Path
    files: list[Path]

    def blocks(self, kind: str) -> list[Block]:
        """The blocks of one kind, in all files."""
        return [block for file in self.files for block in _blocks(file) if block.kind == kind]

    def datasource(self) -> Block | None:
        """The schema's datasource; Prisma allows one."""
        return next(iter(self.blocks("datasource")), None)

    def has_folder_feature(self) -> bool:
        """Whether a generator has the preview feature that Prisma 5 wants for folders."""
        generators = self.blocks("generator")
        listed = (block.properties.get("previewFeatures", "") for block in generators)
        return any(f'"{FOLDER_FEATURE}"' in features for features in listed)

    def base(self) -> Path:
        """Return the folder that holds `migrations`.

        Prisma 6 has it beside the file with the datasource; Prisma 5 had it beside the folder of
        the schema. What exists decides, then whether the schema is one for Prisma 5 as well.
        """
        datasource = self.datasource()
        beside = (datasource.file if datasource else self.path).parent
        if not self.path.is_dir() or _is_history(beside / "migrations"):
            return beside
        outside = self.path.absolute().parent
        if self.has_folder_feature() or _is_history(outside / "migrations"):
            return outside
        return beside

    def migrations(self) -> list[str]:
        """The names of the migrations, in their order."""
        found = self.base().glob("migrations/*/migration.sql")
        return sorted(file.parent.name for file in found)

    def says_what(self, other: Path) -> bool:
        """Whether another file says the same, but for comments, spaces and the order of files."""
        mine = [line for file in self.files for line in _lines(file)]
        return other.is_file() and sorted(mine) == sorted(_lines(other))


def find(*, cwd: Path, argument: str | None) -> Schema | None:
    """The schema of a command; none where the Prisma CLI will complain that there is none.

    `argument` is `--schema`, or what `located` returns.
    """
    if argument is not None:
        return _load(cwd / argument)
    in_package_json = _of_package_json(cwd)
    if in_package_json is not None:
        return _load(in_package_json)
    for candidate in (cwd / "schema.prisma", cwd / "prisma" / "schema.prisma"):
        if candidate.is_file():
            return _load(candidate)
    folder = _load(cwd / "prisma" / "schema")
    return folder if folder and folder.files else None


def located(cwd: Path, environment: Mapping[str, str], *, is_decided: bool = False) -> Path | None:
    """Return the path of a schema that the Prisma CLI does not find by itself.

    `is_decided` says that a config file names a schema. Raises ToolchainError where a path is
    configured at which nothing is, or where there are two schemas.
    """
    path = _configured(cwd, environment)
    if path is not None or is_decided or _has_config_file(cwd):
        return path
    return _default_folder(cwd)


def _configured(cwd: Path, environment: Mapping[str, str]) -> Path | None:
    """The path from PRISMA_SCHEMA_PATH or `[tool.prisma] schema`."""
    if value := environment.get(PATH_VARIABLE):
        return _existing(cwd.absolute() / value, PATH_VARIABLE)
    return _of_pyproject(cwd.absolute())


def _default_folder(cwd: Path) -> Path | None:
    """`prisma/schema`, where Prisma 5 looked; it refused to choose between that and a file."""
    folder, file = cwd / "prisma" / "schema", cwd / "prisma" / "schema.prisma"
    if (cwd / "schema.prisma").is_file() or _of_package_json(cwd) is not None:
        return None
    found = _load(folder) if folder.is_dir() else None
    if found is None or not found.files:
        return None
    if not file.is_file():
        return folder
    if found.has_folder_feature():
        raise ToolchainError(
            "There are Prisma schemas at both prisma/schema.prisma and prisma/schema.",
            mend="Remove one, or name one with --schema.",
        )
    return None


def _has_config_file(cwd: Path) -> bool:
    """Whether a prisma.config.ts (or its like) decides over schema and environment."""
    return any((cwd / name).is_file() for name in CONFIG_FILES)


def _load(path: Path) -> Schema | None:
    if path.is_file():
        return Schema(path, [path])
    if path.is_dir():
        return Schema(path, sorted(file for file in path.rglob("*.prisma") if file.is_file()))
    return None


def _existing(path: Path, named_by: str) -> Path:
    if not path.exists():
        raise ToolchainError(
            f"{named_by} names {path}, which does not exist.",
            mend="Name the schema's file or folder there.",
        )
    return path


def _is_history(folder: Path) -> bool:
    """Whether Prisma has written this folder of migrations; other tools use the name too."""
    return (folder / "migration_lock.toml").is_file() or any(folder.glob("*/migration.sql"))


def _of_pyproject(cwd: Path) -> Path | None:
    """`schema` under [tool.prisma] in the nearest pyproject.toml that has that table."""
    for folder in (cwd, *cwd.parents):
        file = folder / "pyproject.toml"
        try:
            document = config.load(file)
            table = config.table_in(config.table_in(document, "tool", file), "prisma", file)
        except OSError:
            continue
        except config.ConfigError as error:
            if folder != cwd:  # a project of somebody else, above this one
                continue
            raise ToolchainError(str(error), mend="Mend that file and run this again.") from error
        if not table:
            continue
        schema = table.get("schema")
        if schema is None:
            return None
        if not isinstance(schema, str) or not schema:
            raise ToolchainError(
                f"{file}: [tool.prisma] schema must be a path, not {schema!r}.",
                mend="Name the schema's file or folder there.",
            )
        return _existing(folder / schema, f"{file}: [tool.prisma] schema")
    return None


def _of_package_json(cwd: Path) -> Path | None:
    for folder in (cwd, *cwd.absolute().parents):
        try:
            manifest: Any = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        section: Any = (
            cast("dict[str, Any]", manifest).get("prisma") if isinstance(manifest, dict) else None
        )
        schema: Any = (
            cast("dict[str, Any]", section).get("schema") if isinstance(section, dict) else None
        )
        return folder / schema if isinstance(schema, str) else None
    return None


def _blocks(file: Path) -> list[Block]:
    """The datasource and generator blocks of a file; the CLI tells what is wrong with it."""
    found: list[Block] = []
    try:
        for block in schema_text.blocks(_text(file)):
            if block.kind in ("datasource", "generator"):
                properties = [PROPERTY.match(line) for line in block.lines]
                values = {match[1]: match[2] for match in properties if match}
                found.append(Block(file, block.kind, block.name, values))
    except schema_text.SchemaError:
        pass
    return found


def _lines(file: Path) -> list[str]:
    return [" ".join(line.split()) for line in schema_text.lines(_text(file))]


def _text(file: Path) -> str:
    # A file that is not UTF-8 is Prisma's to refuse.
    return file.read_bytes().decode("utf-8", errors="replace")
