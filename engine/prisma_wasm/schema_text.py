"""Cuts the text of a Prisma schema into blocks, each a list of lines without comments.

It follows Prisma's grammar: a declaration is one line; comments are `//`, `///` and `/* */`, but
not inside of strings; what follows an opening brace on its line is ignored; and only `\\n`,
`\\r\\n` and `\\r` end a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_PARTS: Final = re.compile(
    r"""(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")
        | (?P<brace>\{)[^\r\n]*
        | //[^\r\n]*
        | (?P<block>/\*.*?\*/)""",
    re.VERBOSE | re.DOTALL,
)
_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_HEADER: Final = re.compile(r"(model|view|enum|type|generator|datasource)\s+([\w-]+)\s*\{")


class SchemaError(ValueError):
    """The text is not a schema that this reader understands."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block such as `model User { ... }`; its lines are stripped, and none is empty."""

    kind: str
    name: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        body = "".join(f"  {line}\n" for line in self.lines)
        return f"{self.kind} {self.name} {{\n{body}}}"


def blocks(text: str) -> Iterator[Block]:
    """Yield the blocks of a schema; raises SchemaError for one without an end."""
    header: tuple[str, str] | None = None
    body: list[str] = []
    for line in lines(text):
        rest = line
        if header is not None:
            if not line.startswith("}"):
                body.append(line)
                continue
            yield Block(*header, tuple(body))
            header, body, rest = None, [], line[1:].strip()
        if opened := _HEADER.match(rest):
            header = (opened[1], opened[2])
    if header is not None:
        raise SchemaError(f"The block of {header[0]} {header[1]} in the schema has no end.")


def lines(text: str) -> list[str]:
    """Return the lines of a schema that say something, stripped and without comments."""
    stripped = (line.strip() for line in _LINE_END.split(_PARTS.sub(_without_comment, text)))
    return [line for line in stripped if line]


def without_strings(line: str) -> str:
    """Return a line with the strings in it replaced by empty ones."""
    return _PARTS.sub(lambda part: '""' if part["string"] else part[0], line)


def _without_comment(part: re.Match[str]) -> str:
    if part["string"] or part["brace"]:
        return part["string"] or "{"
    comment = part["block"] or ""
    return "\n" if _LINE_END.search(comment) else " "
