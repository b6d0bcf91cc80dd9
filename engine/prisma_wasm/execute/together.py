"""Which statements of a transaction go to the server together, as they are seen in its plan.

A nested create ends with reading what was made, after INSERTs whose rows nobody asks for. These are
sent with that query, and so is the COMMIT: nothing that could still fail comes after it.
"""

from __future__ import annotations

import re
from typing import Any, Final, cast

from prisma_wasm.execute.rewrites import QUOTED
from prisma_wasm.plan import Node, TemplateSql

_RETURNING: Final = re.compile(rf"((?:{QUOTED}|[^\"'])*?) RETURNING ", re.DOTALL)
_WRITES: Final = ("INSERT ", "UPDATE ", "DELETE ")


def together(plan: Node) -> Node:
    """The plan with its last query, and what is sent with it, marked as such."""
    if plan["type"] != "transaction":
        return plan
    ended = _ended(plan["args"])
    return plan if ended is None else {"type": "transaction", "args": ended}


def _ended(node: Node) -> Node | None:
    """The node with a last query; None if it does not end with a query, or may fail after it."""
    match node["type"]:
        case "query":
            return {"type": "last", "args": node["args"]}
        case "unique" | "reverse":
            ended = _ended(node["args"])
            return None if ended is None else {"type": node["type"], "args": ended}
        case "dataMap" | "let":
            return _with(node, "expr", _ended(node["args"]["expr"]))
        case "mapField":
            return _with(node, "records", _ended(node["args"]["records"]))
        case "seq":
            *before, last = node["args"]
            ended = _ended(last)
            if ended is None:
                return None
            return {"type": "seq", "args": [*(_silent(each) or each for each in before), ended]}
        case _:
            return None


def _silent(node: Node) -> Node | None:
    """The same write without an answer; None if it is anything else."""
    match node["type"]:
        case "query" | "execute":
            args = _without_returning(node["args"])
            return None if args is None else {"type": "send", "args": args}
        case "unique":
            return _silent(node["args"])
        case "let":
            return _with(node, "expr", _silent(node["args"]["expr"]))
        case _:
            return None


def _with(node: Any, name: str, inner: Node | None) -> Node | None:
    if inner is None:
        return None
    return cast("Node", {"type": node["type"], "args": {**node["args"], name: inner}})


def _without_returning(sql: TemplateSql) -> TemplateSql | None:
    first, last = sql["fragments"][0], sql["fragments"][-1]
    if first["type"] != "stringChunk" or not first["chunk"].startswith(_WRITES):
        return None
    found = _RETURNING.match(last["chunk"]) if last["type"] == "stringChunk" else None
    if found is None:
        return sql
    fragments = [*sql["fragments"][:-1], {"type": "stringChunk", "chunk": found[1]}]
    return cast("TemplateSql", {**sql, "fragments": fragments})
