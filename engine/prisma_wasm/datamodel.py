"""Writes a schema as the query compiler reads it, which may be of a newer Prisma than the schema.

Prisma 5 treated a view with an id or a unique key as a model in all but migrations. The compiler
refuses ids and indexes of views, and finds no single record of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from prisma_wasm.schema_text import Block

# What the compiler still calls a preview and what a schema may have asked for. The name of
# full-text search on PostgreSQL changed between Prisma 5 and 6.
_FEATURE_NAMES: Final = {
    "fullTextSearch": "fullTextSearchPostgres",
    "fullTextSearchPostgres": "fullTextSearchPostgres",
    "views": "views",
    "nativeDistinct": "nativeDistinct",
}
_INDEX: Final = re.compile(r"@@index\b")
_BYTES_DEFAULT: Final = re.compile(
    r'^(?P<field>\w+\s+Bytes\b.*?@default\(\s*)(?P<values>\[[^\]]*\]|"[^"]*")'
)
_BASE64: Final = re.compile(r'"([A-Za-z0-9+/]+)"')


def write(blocks: Iterable[Block], identified: set[str], features: set[str]) -> str:
    """Return the text of the models and enums, with a generator that names the features.

    `identified` are the models and views that have a key without optional fields.
    """
    wanted = sorted({_FEATURE_NAMES[name] for name in features if name in _FEATURE_NAMES})
    quoted = ", ".join(f'"{feature}"' for feature in ["relationJoins", *wanted])
    generator = Block(
        "generator", "client", ('provider = "prisma-client-js"', f"previewFeatures = [{quoted}]")
    )
    written = [_written(block, block.name in identified) for block in blocks]
    return "\n\n".join(map(str, [*written, generator])) + "\n"


def _written(block: Block, is_identified: bool) -> Block:
    lines = tuple(map(_with_padded_default, block.lines))
    if block.kind != "view":
        return Block(block.kind, block.name, lines)
    if is_identified:
        return Block("model", block.name, lines)
    return Block("view", block.name, tuple(line for line in lines if not _INDEX.match(line)))


def _with_padded_default(line: str) -> str:
    """Prisma 5 took the base64 of a default without its padding; the compiler refuses it."""
    return _BYTES_DEFAULT.sub(lambda found: found["field"] + _padded(found["values"]), line)


def _padded(values: str) -> str:
    def pad(found: re.Match[str]) -> str:
        return '"{}"'.format(found[1].ljust(-(-len(found[1]) // 4) * 4, "="))

    return _BASE64.sub(pad, values)
