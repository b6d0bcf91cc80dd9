"""What is changed in the compiler's SQL, once for each statement, so that PostgreSQL does less."""

from __future__ import annotations

import re
from typing import Final

from prisma_wasm.plan import Fragment, PrismaValue, unknown

NAME: Final = r'"(?:[^"]|"")*+"'
_QUOTED: Final = rf"{NAME}|'(?:[^']|'')*'"
_MAKES_JSONB: Final = re.compile(rf"{_QUOTED}|JSONB_(BUILD_OBJECT|AGG)\(")
_JOINS_JSONB: Final = re.compile(r"\|\|\s*JSONB_BUILD_OBJECT\(")


def with_arrays(fragments: list[Fragment]) -> list[Fragment]:
    """The fragments with `IN (list)` rewritten to a comparison with one array."""
    rewritten: list[Fragment] = []
    for position, fragment in enumerate(fragments):
        if fragment["type"] != "parameterTuple":
            rewritten.append(fragment)
            continue
        before = rewritten[-1] if rewritten else None
        if position == 0 or before is None or before["type"] != "stringChunk":
            raise unknown("a list of values", fragments)
        around = _AROUND.get((fragment["itemPrefix"], fragment["itemSuffix"]))
        if around is None:
            rewritten.append(fragment)
            continue
        chunk = before["chunk"]
        if chunk.endswith(" NOT IN "):
            before = f"{chunk.removesuffix(' NOT IN ')} {NONE_OF}"
        elif chunk.endswith(" IN "):
            before = f"{chunk.removesuffix(' IN ')} = ANY("
        else:
            raise unknown("a list of values", chunk)
        rewritten[-1] = {"type": "stringChunk", "chunk": before + around[0]}
        rewritten.append(ARRAY)
        rewritten.append({"type": "stringChunk", "chunk": around[1] + ")"})
    return rewritten


# Stands for a list that has become one parameter.
ARRAY: Final[Fragment] = {"type": "parameter"}
NONE_OF: Final = "<> ALL("
# What stands around the array for what the compiler writes around each value.
_AROUND: Final = {
    ("", ""): ("", ""),
    ("LOWER(", ")"): ("ARRAY(SELECT LOWER(item) FROM unnest(", "::text[]) AS item)"),
}


def with_numbers(
    fragments: list[Fragment], args: list[PrismaValue]
) -> tuple[list[Fragment], list[PrismaValue]]:
    """Numbers of the plan's own (LIMIT 1) written into the text: PostgreSQL plans better."""
    written: list[Fragment] = []
    remaining: list[PrismaValue] = []
    position = 0
    for fragment in fragments:
        if fragment["type"] == "stringChunk":
            written.append(fragment)
            continue
        value = args[position]
        position += 1
        before = written[-1]["chunk"] if written and written[-1]["type"] == "stringChunk" else ""
        if type(value) is int and before.endswith((" LIMIT ", " OFFSET ")):
            written.append({"type": "stringChunk", "chunk": str(value)})
        else:
            written.append(fragment)
            remaining.append(value)
    return written, remaining


def with_json(fragments: list[Fragment]) -> list[Fragment]:
    """Related records put together as JSON, which is text, and not as JSONB, which is made of it.

    Only JSONB can join two objects, as is done for models of more than fifty fields.
    """
    chunks = [fragment["chunk"] for fragment in fragments if fragment["type"] == "stringChunk"]
    if any(_JOINS_JSONB.search(chunk) for chunk in chunks):
        return fragments
    return [
        {"type": "stringChunk", "chunk": _MAKES_JSONB.sub(_as_json, fragment["chunk"])}
        if fragment["type"] == "stringChunk"
        else fragment
        for fragment in fragments
    ]


def _as_json(found: re.Match[str]) -> str:
    return f"JSON_{found[1]}(" if found[1] else found[0]
