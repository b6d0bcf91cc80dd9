"""Which statements of a transaction go to the server together, as they are seen in its plan.

A nested create ends with reading what was made, after INSERTs whose rows nobody asks for. These are
sent with that query, and so is the COMMIT: nothing that could still fail comes after it.

What the first INSERT returns is the new record's id, which the others refer to. Where the id is one
of the values that are inserted it is foreseen, and nobody waits for it. The server checks it: a
trigger may give the row another one. Then the statement divides by zero, which is how a statement
without rows can stop those that come after it, and all is done again one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, cast

from prisma_wasm.errors import OutdatedStatementError, QueryError
from prisma_wasm.execute.rewrites import QUOTED
from prisma_wasm.plan import Node, PrismaValue, TemplateSql

_RETURNING: Final = re.compile(rf"((?:{QUOTED}|[^\"'])*?) RETURNING ", re.DOTALL)
_NAME: Final = r'"(?:[^"]|"")*"'
_INTO: Final = re.compile(
    rf"INSERT INTO (?:{_NAME}\.)*{_NAME} \(({_NAME}(?:,{_NAME})*)\) VALUES \("  # noqa: S608  # no query
)
_RETURNED: Final = re.compile(rf"\) RETURNING ((?:{_NAME}\.)*{_NAME}(?:, (?:{_NAME}\.)*{_NAME})*)")
_LAST_NAME: Final = re.compile(r'"((?:[^"]|"")*)"(?=,|$)')
# Division by zero; and what PostgreSQL can't do in WITH, such as a table with rules.
_UNFORESEEN: Final = ("22012", "0A000")
_WRITES: Final = ("INSERT ", "UPDATE ", "DELETE ")


def together(plan: Node) -> Node:
    """The plan with its last query, and what is sent with it, marked as such."""
    if plan["type"] != "transaction":
        return plan
    ended = _ended(plan["args"])
    return plan if ended is None else {"type": "transaction", "args": _foreseeing(ended)}


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


def _foreseeing(node: Node) -> Node:
    """The node with what its first INSERT returns foreseen, if it is one of its values."""
    match node["type"]:
        case "dataMap":
            return _with(node, "expr", _foreseeing(node["args"]["expr"])) or node
        case "let" if len(node["args"]["bindings"]) == 1:
            (binding,) = node["args"]["bindings"]
            foreseen = _foreseen(binding["expr"])
            bindings = [{"name": binding["name"], "expr": foreseen}]
            return _with(node, "bindings", bindings if foreseen else None) or node
        case _:
            return node


def _foreseen(node: Node) -> Node | None:
    match node:
        case {"type": "let", "args": {"expr": inner}}:
            return _with(node, "expr", _foreseen(inner))
        case {"type": "unique", "args": {"type": "query", "args": sql}}:
            found = _inserted(sql)
            if found is None:
                return None
            values, returned = found
            fields = {name: values[name] for name in returned}
            check = _checking(sql, [*values].index, returned)
            return {"type": "foresee", "args": {"expr": node, "check": check, "fields": fields}}
        case _:
            return None


def _inserted(sql: TemplateSql) -> tuple[dict[str, PrismaValue], list[str]] | None:
    """What an INSERT of one row puts into which columns, and which of these it returns."""
    if len(sql["fragments"]) == 1:
        return None  # DEFAULT VALUES
    first, *between, last = sql["fragments"]
    chunks = [each["chunk"] for each in between if each["type"] == "stringChunk"]
    if first["type"] != "stringChunk" or last["type"] != "stringChunk" or set(chunks) - {","}:
        return None
    into, returning = _INTO.fullmatch(first["chunk"]), _RETURNED.fullmatch(last["chunk"])
    if into is None or returning is None:
        return None
    columns = _LAST_NAME.findall(into[1])
    returned = _LAST_NAME.findall(returning[1])
    values = dict(zip(columns, sql["args"], strict=False))
    # A generator called here would give another value than the one that is inserted.
    is_known = all(
        isinstance(values.get(name), dict) and values[name].get("prisma__type") == "param"
        for name in returned
    )
    return (values, returned) if len(columns) == len(sql["args"]) and is_known else None


def _checking(sql: TemplateSql, place: Callable[[str], int], returned: list[str]) -> TemplateSql:
    """The same INSERT, which gives no rows, and fails if it did not make the row as foreseen."""
    first, *between, last = cast("list[Any]", sql["fragments"])
    same = " AND ".join(
        f'"{name}"::text COLLATE "C" = ${place(name) + 1}::text' for name in returned
    )
    begin = f'WITH "made" AS ({first["chunk"]}'
    count = f'SELECT count(*) FROM "made" WHERE {same}'  # noqa: S608  # of the compiler's SQL
    end = f"{last['chunk']}) SELECT WHERE 1 / ({count}) <> 1"
    fragments = [
        {"type": "stringChunk", "chunk": begin},
        *between,
        {"type": "stringChunk", "chunk": end},
    ]
    return cast("TemplateSql", {**sql, "fragments": fragments})


def _with(node: Any, name: str, inner: Any) -> Node | None:
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


def may_be_unforeseen(error: QueryError) -> bool:
    """Whether a transaction may have failed by what was foreseen, or that INSERT's form, alone."""
    return getattr(error.__cause__, "sqlstate", None) in _UNFORESEEN and not isinstance(
        error, OutdatedStatementError
    )
