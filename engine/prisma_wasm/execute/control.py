"""A plan compiled into functions: what runs when, and with what.

Every node becomes one coroutine function of a run. A node of a kind that is not known here fails
when the plan is compiled, never in a run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from prisma_wasm.errors import QueryError
from prisma_wasm.execute import changes, memory
from prisma_wasm.execute.changes import Change
from prisma_wasm.execute.one_by_one import OneByOne
from prisma_wasm.execute.run import Run, Session, completed, in_transaction
from prisma_wasm.execute.sql import Statement
from prisma_wasm.execute.together import may_be_unforeseen
from prisma_wasm.execute.validation import compile_rule, compile_validation
from prisma_wasm.execute.values import Evaluate, Scope, compile_value
from prisma_wasm.plan import (
    DiffArgs,
    IfArgs,
    JoinArgs,
    LetArgs,
    Node,
    RecordArgs,
    SilentArgs,
    TemplateSql,
    unknown,
)

Step = Callable[[Run], Awaitable[Any]]


def compile_node(node: Node, scope: Scope, *then: Change) -> Step:
    """The function that does what a node says, and then changes its value.

    What a node does to the value of another one becomes a change of that node's: a query and all
    that is done to its rows are one coroutine.
    """
    match node["type"]:
        case "query":
            return _query(node["args"], scope, then)
        case "last":
            return _query(node["args"], scope, then, is_last=True)
        case "let":
            return _let(node["args"], scope, then)
        case "dataMap":
            change = changes.data_map(node["args"], scope)
            return compile_node(node["args"]["expr"], scope, change, *then)
        case "unique":
            is_for_several = changes.is_for_several(node["args"])
            unique = changes.unique_for_each if is_for_several else changes.unique
            return compile_node(node["args"], scope, unique, *then)
        case "reverse":
            return compile_node(node["args"], scope, changes.backwards, *then)
        case "required":
            return compile_node(node["args"], scope, changes.required, *then)
        case "mapField":
            change = changes.map_field(node["args"]["field"])
            return compile_node(node["args"]["records"], scope, change, *then)
        case "validate":
            change = changes.checked(compile_validation(node["args"]))
            return compile_node(node["args"]["expr"], scope, change, *then)
        case "process":
            process = memory.compile_operations(node["args"]["operations"], scope)
            return compile_node(node["args"]["expr"], scope, process, *then)
        case _:
            return _changed(_compile_whole(node, scope), then)


def _compile_whole(node: Node, scope: Scope) -> Step:
    """The function of a node that is more than a change of another one's value."""
    match node["type"]:
        case "execute":
            return _execute(node["args"], scope)
        case "silent":
            return _silent(node["args"], scope)
        case "get":
            place = scope.place(node["args"]["name"])
            return _simple(lambda run: run.frame[place])
        case "getFirstNonEmpty":
            return _first_non_empty([scope.place(name) for name in node["args"]["names"]])
        case "value":
            return _simple(compile_value(node["args"], scope))
        case "unit":
            return _simple(lambda _run: None)
        case "seq":
            return _sequence([compile_node(child, scope) for child in node["args"]])
        case "sum":
            return _sum([compile_node(child, scope) for child in node["args"]])
        case "concat":
            return _concat([compile_node(child, scope) for child in node["args"]])
        case "transaction":
            return _transaction(compile_node(node["args"], scope))
        case "join":
            return _join(node["args"], scope)
        case "if":
            return _if(node["args"], scope)
        case "diff":
            return _diff(node["args"], scope)
        case "initializeRecord":
            return _record(node["args"], scope, keeps=False)
        case "mapRecord":
            return _record(node["args"], scope, keeps=True)
        case _:
            raise unknown("a kind of node", node)


def _simple(evaluate: Callable[[Run], Any]) -> Step:
    async def step(run: Run) -> Any:
        return evaluate(run)

    return step


def _changed(inner: Step, then: tuple[Change, ...]) -> Step:
    if not then:
        return inner

    async def step(run: Run) -> Any:
        value = await inner(run)
        for change in then:
            value = change(run, value)
        return value

    return step


# Statements


def _query(
    args: TemplateSql, scope: Scope, then: tuple[Change, ...], *, is_last: bool = False
) -> Step:
    statement = Statement(args, scope)
    one, render = statement.one, statement.render
    if one is not None and is_last:

        async def fetch_last(run: Run) -> Any:
            return await run.session.fetch(*one(run), ends=run.ends)

        return _changed(fetch_last, then)
    if one is not None:

        async def fetch(run: Run) -> Any:
            value: Any = await run.session.fetch(*one(run))
            for change in then:
                value = change(run, value)
            return value

        return fetch

    async def fetch_all(run: Run) -> Any:
        if render is None:
            return []
        parts = render(run)
        if len(parts) == 1:
            return await run.session.fetch(*parts[0])

        async def each(session: Session) -> list[Any]:
            return [row for part in parts for row in await session.fetch(*part)]

        return await in_transaction(run.session, each)

    return _changed(fetch_all, then)


def _execute(args: TemplateSql, scope: Scope) -> Step:
    statement = Statement(args, scope)
    one, render = statement.one, statement.render
    if one is not None and statement.is_read:
        # An update that changes nothing: the compiler only reads, and the answer has always been 0.
        return _simple(lambda _run: 0)
    if one is not None:

        async def execute(run: Run) -> Any:
            return await run.session.execute(*one(run))

        return execute

    async def execute_all(run: Run) -> Any:
        if render is None:
            return 0
        parts = render(run)
        if len(parts) == 1:
            return await run.session.execute(*parts[0])

        async def each(session: Session) -> int:
            return sum([await session.execute(*part) for part in parts])

        return await in_transaction(run.session, each)

    return execute_all


def _silent(args: SilentArgs, scope: Scope) -> Step:
    ask = compile_node(args["expr"], scope)
    one = Statement(args["sql"], scope).one
    fields = [(name, compile_value(value, scope)) for name, value in args["fields"].items()]
    if one is None:
        return ask

    async def silent(run: Run) -> Any:
        if not run.is_together:
            return await ask(run)
        run.has_sent = True
        await run.session.send(*one(run))
        return {name: value(run) for name, value in fields}

    return silent


def _transaction(inner: Step) -> Step:
    one_by_one = OneByOne()

    async def step(run: Run) -> Any:
        session = run.session
        if not await session.begin():
            return await inner(run)
        run.ends = True
        run.is_together = not run.failed_together and session.can_send
        run.is_together = run.is_together and session.database not in one_by_one
        try:
            return await completed(session, inner(run))
        except QueryError as error:
            if not may_be_unforeseen(error):
                raise
            if not run.has_sent:
                one_by_one.discard(session.database)  # it has nothing to do with that
                raise
            one_by_one.add(session.database)
            run.failed_together, run.has_sent = True, False
        return await step(run)  # all of it was taken back

    return step


# Names


def _let(args: LetArgs, scope: Scope, then: tuple[Change, ...]) -> Step:
    inner_scope = scope.nested()
    bindings: list[tuple[int, Step]] = []
    values: list[tuple[int, Evaluate]] = []
    for binding in args["bindings"]:
        match binding["expr"]:
            case {"type": "value", "args": constant} if not bindings:
                value = compile_value(constant, inner_scope)
                values.append((inner_scope.bind(binding["name"]), value))
            case expr:
                step = compile_node(expr, inner_scope)
                bindings.append((inner_scope.bind(binding["name"]), step))
    inner = compile_node(args["expr"], inner_scope, *then)

    async def let(run: Run) -> Any:
        for place, evaluate in values:
            run.frame[place] = evaluate(run)
        for place, step in bindings:
            run.frame[place] = await step(run)
        return await inner(run)

    def let_values(run: Run) -> Awaitable[Any]:
        for place, evaluate in values:
            run.frame[place] = evaluate(run)
        return inner(run)

    return let if bindings else let_values


def _first_non_empty(places: list[int]) -> Step:
    async def step(run: Run) -> Any:
        for place in places:
            value = run.frame[place]
            if not memory.is_empty(value):
                return value
        return []

    return step


# Several nodes


def _sequence(steps: list[Step]) -> Step:
    async def sequence(run: Run) -> Any:
        result: Any = None
        for step in steps:
            result = await step(run)
        return result

    return sequence


def _sum(steps: list[Step]) -> Step:
    async def total(run: Run) -> Any:
        return sum([int(await step(run)) for step in steps])

    return total


def _concat(steps: list[Step]) -> Step:
    async def concat(run: Run) -> Any:
        return [item for step in steps for item in memory.as_list(await step(run))]

    return concat


def _join(args: JoinArgs, scope: Scope) -> Step:
    parent = compile_node(args["parent"], scope)
    children = [compile_node(child["child"], scope) for child in args["children"]]
    attach = memory.compile_join(args["children"])

    async def join(run: Run) -> Any:
        records = await parent(run)
        if records is None:
            return None
        return attach(records, [await child(run) for child in children])

    return join


def _diff(args: DiffArgs, scope: Scope) -> Step:
    left = compile_node(args["from"], scope)
    right = compile_node(args["to"], scope)
    fields = args["fields"]

    async def diff(run: Run) -> Any:
        return memory.difference(await left(run), await right(run), fields)

    return diff


def _if(args: IfArgs, scope: Scope) -> Step:
    value = compile_node(args["value"], scope)
    check = compile_rule(args["rule"])
    then = compile_node(args["then"], scope)
    otherwise = compile_node(args["else"], scope)

    async def branch(run: Run) -> Any:
        return await (then if check(await value(run)) else otherwise)(run)

    return branch


# Data


def _record(args: RecordArgs, scope: Scope, *, keeps: bool) -> Step:
    expr = compile_node(args["expr"], scope)
    operations = [
        (name, _operation(entry["type"]), compile_value(entry["value"], scope))
        for name, entry in args["fields"].items()
    ]

    async def record(run: Run) -> Any:
        value = await expr(run)
        result = memory.as_record(value) if keeps and value is not None else {}
        for name, operate, operand in operations:
            result[name] = operate(result.get(name), operand(run))
        return result

    return record


def _operation(kind: str) -> Callable[[Any, Any], Any]:
    match kind:
        case "value" | "set":
            return lambda _old, new: new
        case "add":
            return lambda old, new: old + new
        case "subtract":
            return lambda old, new: old - new
        case "multiply":
            return lambda old, new: old * new
        case "divide":
            return lambda old, new: None if new == 0 else old / new
        case _:
            raise unknown("an operation on a field", kind)
