"""Reads .env files as the Prisma CLI will: which files, which syntax, which value wins."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

# A name, then `=` or `: `, then a value in quotes, which may span lines, or up to a comment.
ASSIGNMENT = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<name>[\w.-]+)
        (?:\s*=\s*?|:\s+?)
        (?P<value>\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^\#\r\n]+)?
        [ \t]*(?:\#.*)?$""",
    re.VERBOSE | re.MULTILINE,
)
QUOTED = re.compile(r"""^(['"`])([\s\S]*)\1$""")
REFERENCE = re.compile(r"(.?)\$\{([a-zA-Z0-9_]+)?\}")
DEEPEST_REFERENCE = 20


def variables(
    environment: Mapping[str, str], *, cwd: Path, schema_argument: str | None
) -> dict[str, str]:
    """What Prisma will see: the process's own variables first, then those of the .env files."""
    result = dict(environment)
    for file in files(cwd=cwd, schema_argument=schema_argument):
        result.update(_expanded(parse(file.read_text(encoding="utf-8-sig")), result))
    return result


def files(*, cwd: Path, schema_argument: str | None) -> list[Path]:
    """The .env files that Prisma reads: one of the Node project, if any, and one of the schema."""
    found: list[Path] = []
    root = _node_project(cwd)
    candidates = [cwd / "prisma" / ".env", cwd / ".env"]
    if schema_argument:
        candidates.insert(0, (cwd / schema_argument).parent / ".env")
    schema = next((file for file in candidates if file.is_file()), None)
    for file in (root / ".env" if root else None, schema):
        if (
            file is not None
            and file.is_file()
            and file.resolve() not in [other.resolve() for other in found]
        ):
            found.append(file)
    return found


def parse(text: str) -> dict[str, str]:
    """The assignments of one file, references not yet resolved."""
    found: dict[str, str] = {}
    for match in ASSIGNMENT.finditer(text.replace("\r\n", "\n").replace("\r", "\n")):
        value = (match["value"] or "").strip()
        quoted = QUOTED.match(value)
        if quoted:
            value = quoted[2]
            if quoted[1] == '"':
                value = value.replace("\\n", "\n").replace("\\r", "\r")
        found[match["name"]] = value
    return found


def _expanded(parsed: dict[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The values with `${NAME}` replaced; what the environment has already wins over the file."""
    return {
        name: _expand(environment.get(name, value), parsed, environment, 0)
        for name, value in parsed.items()
    }


def _expand(
    text: str, parsed: Mapping[str, str], environment: Mapping[str, str], depth: int
) -> str:
    def replace(match: re.Match[str]) -> str:
        before, name = match[1], match[2]
        if before == "\\":
            return match[0].removeprefix("\\")
        value = environment.get(name or "", parsed.get(name or "", ""))
        return before + (
            _expand(value, parsed, environment, depth + 1) if depth < DEEPEST_REFERENCE else value
        )

    return REFERENCE.sub(replace, text)


def _node_project(cwd: Path) -> Path | None:
    for folder in (cwd, *cwd.parents):
        try:
            manifest = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(manifest, dict) and manifest.get("name") != ".prisma/client":  # pyright: ignore[reportUnknownMemberType] - JSON
            return folder
    return None
