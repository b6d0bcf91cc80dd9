"""Finds the Prisma schema where Prisma would, and what the launcher must know of it."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|//[^\n]*')
BLOCK = re.compile(
    r"^[ \t]*(datasource|generator)\s+(\w+)\s*\{(.*?)^[ \t]*\}", re.MULTILINE | re.DOTALL
)
PROPERTY = re.compile(r"^[ \t]*(\w+)\s*=\s*(.+?)[ \t]*$", re.MULTILINE)
ENV = re.compile(r'^env\(\s*"([^"]+)"\s*\)$')
CONFIG_FILES = [
    f"{stem}.{ending}"
    for stem in ("prisma.config", ".config/prisma")
    for ending in ("ts", "js", "mts", "mjs", "cts", "cjs")
]


@dataclass(frozen=True)
class Block:
    """A datasource or generator block: its properties as they are written."""

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
        found: list[Block] = []
        for file in self.files:
            found.extend(
                block for block in _blocks(file.read_text(encoding="utf-8")) if block.kind == kind
            )
        return found

    def datasource(self) -> Block | None:
        """The schema's datasource; Prisma allows one."""
        return next(iter(self.blocks("datasource")), None)

    def migrations(self) -> list[str]:
        """The names of the migrations beside the datasource, in their order."""
        beside = next((file.parent for file in self.files if _has_datasource(file)), None)
        found = beside.glob("migrations/*/migration.sql") if beside else ()
        return sorted(file.parent.name for file in found)

    def says_what(self, other: Path) -> bool:
        """Whether another file says the same, but for comments, spaces and the order of files."""
        mine = [line for file in self.files for line in _lines(file)]
        return other.is_file() and sorted(mine) == sorted(_lines(other))


def find(*, cwd: Path, argument: str | None) -> Schema | None:
    """The schema that the Prisma CLI will take; none where it will complain that there is none."""
    if argument is not None:
        return _load(cwd / argument)
    configured = _of_package_json(cwd)
    if configured is not None:
        return _load(configured)
    for candidate in (cwd / "schema.prisma", cwd / "prisma" / "schema.prisma"):
        if candidate.is_file():
            return _load(candidate)
    return None


def has_config_file(cwd: Path) -> bool:
    """Whether a prisma.config.ts (or its like) decides over schema and environment."""
    return any((cwd / name).is_file() for name in CONFIG_FILES)


def _load(path: Path) -> Schema | None:
    if path.is_file():
        return Schema(path, [path])
    if path.is_dir():
        return Schema(path, sorted(path.rglob("*.prisma")))
    return None


def _has_datasource(file: Path) -> bool:
    blocks = _blocks(file.read_text(encoding="utf-8"))
    return any(block.kind == "datasource" for block in blocks)


def _of_package_json(cwd: Path) -> Path | None:
    for folder in (cwd, *cwd.parents):
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


def _blocks(text: str) -> list[Block]:
    clean = _without_comments(text)
    return [
        Block(kind, name, dict(PROPERTY.findall(body))) for kind, name, body in BLOCK.findall(clean)
    ]


def _lines(file: Path) -> list[str]:
    lines = _without_comments(file.read_text(encoding="utf-8")).splitlines()
    return [" ".join(line.split()) for line in lines if line.strip()]


def _without_comments(text: str) -> str:
    return COMMENT.sub(lambda match: match[1] or "", text)
