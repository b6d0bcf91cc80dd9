"""A nested create in one message: which of its statements nobody waits for, as its plan shows.

Such a plan inserts a record, then those that refer to it, and reads at last what was made. The rows
that the INSERTs return are asked for by nobody but the engine: the first one's id, which the others
refer to. Where the id is one of the values that are inserted it is foreseen. So all of it can go
to the server at once, with the COMMIT, if the record that was made can be read. It is right only if
the server does as foreseen, and the server checks that:

- The first INSERT must have made its row with that id, which a trigger may prevent. If not, it
  divides by zero: so a statement without rows can stop those that come after it.
- Both are inside of a statement that gives no rows but keeps their RETURNING, with which policies
  look at the row as they always do. PostgreSQL refuses that for a table with rules.

After an error that may be of this making all is taken back and done one by one, now and for a while
(one_by_one.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, cast

from prisma_wasm.errors import OutdatedStatementError, QueryError
from prisma_wasm.plan import Node, PrismaValue, TemplateSql

_NAME: Final = r'"(?:[^"]|"")*"'
_PATH: Final = rf"(?:{_NAME}\.)*{_NAME}"
_INTO: Final = re.compile(rf"INSERT INTO {_PATH} \(({_NAME}(?:,{_NAME})*)\) VALUES \(")  # noqa: S608  # no query
_RETURNED: Final = re.compile(rf"\) RETURNING ({_PATH}(?:, {_PATH})*)")
_LAST_NAME: Final = re.compile(r'"((?:[^"]|"")*)"(?=,|$)')
_READABLE: Final = (
    "string", "int", "bigint", "float", "boolean", "decimal", "bytes", "datetime",
)  # fmt: skip
# Division by zero; and what PostgreSQL can't do in WITH.
_UNFORESEEN: Final = ("22012", "0A000")


def together(plan: Node) -> Node:
    """The plan with what may be sent together marked as such, if it is a nested create."""
    if plan["type"] != "transaction" or plan["args"]["type"] != "dataMap":
        return plan
    mapping: Any = plan["args"]
    create = _create(mapping["args"]["expr"], commits=_is_readable(mapping["args"]["structure"]))
    if create is None:
        return plan
    return {"type": "transaction", "args": _with(mapping, "expr", create)}


def _is_readable(structure: Any) -> bool:
    """Whether what was made can be read for certain: an enum may hold other values in the database,
    and JSON may be nested too deeply."""
    if structure["type"] == "object":
        return all(map(_is_readable, structure["fields"].values()))
    return structure["type"] == "field" and structure["fieldType"]["type"] in _READABLE


def may_be_unforeseen(error: QueryError) -> bool:
    """Whether it may be an error of the statements' form, or of what was foreseen, alone."""
    return getattr(error.__cause__, "sqlstate", None) in _UNFORESEEN and not isinstance(
        error, OutdatedStatementError
    )


def _create(node: Any, *, commits: bool) -> Any:
    match node:
        case {"type": "let", "args": {"bindings": [{"name": name, "expr": first}], "expr": rest}}:
            insertion = _insertion(first)
            ended = _ended(rest, commits=commits)
            if insertion is None or ended is None:
                return None
            args = {"bindings": [{"name": name, "expr": insertion}], "expr": ended}
            return {"type": "let", "args": args}
        case _:
            return None


def _insertion(node: Any) -> Any:
    """The INSERT that a create begins with, foreseen if it can be; None if it is anything else."""
    match node:
        case {"type": "let", "args": {"expr": inner}}:
            insertion = _insertion(inner)
            return None if insertion is None else _with(node, "expr", insertion)
        case {"type": "unique", "args": {"type": "query", "args": sql}} if _inserts(sql):
            found = _values(sql)
            if found is None:
                return node
            values, returned = found
            fields = {name: values[name] for name in returned}
            check = _checking(sql, [*values].index, returned)
            return {"type": "silent", "args": {"expr": node, "sql": check, "fields": fields}}
        case _:
            return None


def _ended(node: Any, *, commits: bool) -> Any:
    """What follows, with its last query, if it ends with one that nothing is checked after."""
    match node["type"]:
        case "query":
            return {"type": "last", "args": node["args"]} if commits else node
        case "unique":
            ended = _ended(node["args"], commits=commits)
            return None if ended is None else {"type": "unique", "args": ended}
        case "let":
            ended = _ended(node["args"]["expr"], commits=commits)
            return None if ended is None else _with(node, "expr", ended)
        case "seq":
            *before, last = node["args"]
            ended = _ended(last, commits=commits)
            if ended is None:
                return None
            return {"type": "seq", "args": [*map(_unanswered, before), ended]}
        case _:
            return None


def _unanswered(node: Any) -> Any:
    """An INSERT whose row nobody asks for; anything else as it is."""
    match node:
        case {"type": "let", "args": {"expr": inner}}:
            return _with(node, "expr", _unanswered(inner))
        case {"type": "unique", "args": {"type": "query", "args": sql}} if _inserts(sql):
            silent = _wrapped(sql, "SELECT WHERE false")
            return {"type": "silent", "args": {"expr": node, "sql": silent, "fields": {}}}
        case _:
            return node


def _inserts(sql: Any) -> bool:
    first, last = sql["fragments"][0], sql["fragments"][-1]
    return (
        first["type"] == last["type"] == "stringChunk"
        and len(sql["fragments"]) > 1
        and first["chunk"].startswith("INSERT INTO ")
        and _RETURNED.fullmatch(last["chunk"]) is not None
    )


def _values(sql: TemplateSql) -> tuple[dict[str, PrismaValue], list[str]] | None:
    """What an INSERT of one row puts into which columns, and which of these it returns."""
    first, *between, last = cast("list[Any]", sql["fragments"])
    into, returning = _INTO.fullmatch(first["chunk"]), _RETURNED.fullmatch(last["chunk"])
    if into is None or returning is None or {each.get("chunk", ",") for each in between} - {","}:
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
    """The same INSERT, which fails if it did not make the row as foreseen."""
    same = " AND ".join(
        # As they are written, to the last blank.
        f"""format('%s', "{name}") COLLATE "C" = format('%s', ${place(name) + 1})"""
        for name in returned
    )
    count = f'SELECT count(*) FROM "made" WHERE {same}'  # noqa: S608  # of the compiler's SQL
    return _wrapped(sql, f"SELECT WHERE 1 / ({count}) <> 1")


def _wrapped(sql: TemplateSql, query: str) -> TemplateSql:
    """The statement inside of a query that gives no rows."""
    first, *between, last = cast("list[Any]", sql["fragments"])
    fragments = [
        {"type": "stringChunk", "chunk": f'WITH "made" AS ({first["chunk"]}'},
        *between,
        {"type": "stringChunk", "chunk": f"{last['chunk']}) {query}"},
    ]
    return cast("TemplateSql", {**sql, "fragments": fragments})


def _with(node: Any, name: str, inner: Any) -> Any:
    return {"type": node["type"], "args": {**node["args"], name: inner}}
