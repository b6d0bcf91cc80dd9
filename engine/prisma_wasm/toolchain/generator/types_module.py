"""Leaves out of a generated types.py what no query can name: 28,000 of 33,000 types with 97 models.

Upstream writes `AIncludeFromB`, `AArgsFromB` and `FindManyAArgsFromB` for every pair of models,
although only pairs with a relation between them are ever referred to. A module without the others
loads in a quarter of the time and memory, and type checkers do not give up on it.
"""

import ast
import re
from itertools import pairwise
from pathlib import Path

from prisma_wasm.toolchain.generator import files

TEMPLATE_MARK = "# -- template types.py.jinja --"
PRUNED_MARK = "# -- without the types that nothing refers to --"
STATEMENT = re.compile(
    r"^(?=[A-Za-z_])", re.MULTILINE
)  # elsewhere a line starts blank, with # or a closing bracket
DEFINITION = re.compile(r"(?:class\s+)?(\w+)\s*(?:=(?!=)|\(|:)")
WORD = re.compile(r"[A-Za-z_]\w*")


class UnexpectedTypesError(Exception):
    """types.py does not look as upstream 0.15 writes it."""


def prune(source: Path, models: list[str]) -> None:
    """Rewrite the module at `source`; a second time changes nothing."""
    text = source.read_text(encoding="utf-8")
    if TEMPLATE_MARK not in text:
        raise UnexpectedTypesError(f"{source} was not written by Prisma Client Python's generator")
    if PRUNED_MARK in text:
        return
    head, definitions, tail = split(text)
    kept = _reachable(definitions, models)
    _check(kept)
    files.write(source, f"{head}{PRUNED_MARK}\n\n{''.join(kept.values())}{tail}".encode())


def split(text: str) -> tuple[str, dict[str, str], str]:
    """The head (imports), the definitions by name in their order, the tail (late imports)."""
    begin = text.index(TEMPLATE_MARK)
    cuts = [match.start() for match in STATEMENT.finditer(text, begin)] + [len(text)]
    head, tail = [text[: cuts[0]]], list[str]()
    definitions: dict[str, str] = {}
    for start, end in pairwise(cuts):
        part = text[start:end]
        name = None if part.startswith(("from ", "import ")) else DEFINITION.match(part)
        if name is None:
            (tail if definitions else head).append(part)
        elif name[1] in definitions:
            raise UnexpectedTypesError(f"{name[1]} is defined twice")
        else:
            definitions[name[1]] = part
    return "".join(head), definitions, "".join(tail)


def _reachable(definitions: dict[str, str], models: list[str]) -> dict[str, str]:
    """The definitions that are no pair of models, and the pairs that those refer to."""
    model = "|".join(sorted(map(re.escape, models), key=len, reverse=True))
    pair = re.compile(rf"(?:FindMany)?(?:{model})(?:Include|Args)From(?:{model})(?:Recursive\d+)?")
    seen = {name for name in definitions if not pair.fullmatch(name)}
    waiting = list(seen)
    while waiting:
        for word in WORD.findall(definitions[waiting.pop()]):
            if word in definitions and word not in seen:
                seen.add(word)
                waiting.append(word)
    return {name: part for name, part in definitions.items() if name in seen}


def _check(kept: dict[str, str]) -> None:
    """Each part must be one statement that defines its name, as upstream writes it."""
    names = [_defined_name(node) for node in ast.parse("".join(kept.values())).body]
    if names != list(kept):
        raise UnexpectedTypesError("types.py has statements that upstream 0.15 does not write")


def _defined_name(node: ast.stmt) -> str | None:
    if isinstance(node, ast.ClassDef):
        return node.name
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id
    return None
