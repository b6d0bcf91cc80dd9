"""Rules that a plan holds its data to, and what is said when one is broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from prisma_wasm.errors import QueryError
from prisma_wasm.plan import Rule, ValidateArgs, unknown

Check = Callable[[Any], bool]

_NEEDED: Final = (
    "An operation failed because it depends on one or more records that were required but not"
    " found."
)
_CODES: Final = {
    "RELATION_VIOLATION": "P2014",
    "RECORDS_NOT_CONNECTED": "P2017",
    "INCOMPLETE_CONNECT_OUTPUT": "P2018",
    "MISSING_RECORD": "P2025",
    "MISSING_RELATED_RECORD": "P2025",
    "INCOMPLETE_CONNECT_INPUT": "P2025",
}


def compile_rule(rule: Rule) -> Check:
    """Whether data keeps a rule."""
    match rule["type"]:
        case "rowCountEq":
            expected = rule["args"]
            return lambda data: row_count(data) == expected
        case "rowCountNeq":
            unexpected = rule["args"]
            return lambda data: row_count(data) != unexpected
        case "affectedRowCountEq":
            affected = rule["args"]
            return lambda data: data == affected
        case "never":
            return lambda _data: False
        case _:
            raise unknown("a rule", rule)


def row_count(data: Any) -> int:
    """How many records there are in the data."""
    if isinstance(data, list):
        return len(cast("list[Any]", data))
    return 0 if data is None else 1


def compile_validation(args: ValidateArgs) -> Callable[[Any], None]:
    """Raise the node's error unless the data keeps all of its rules."""
    checks = [compile_rule(rule) for rule in args["rules"]]
    identifier, context = args["errorIdentifier"], args["context"]
    if identifier not in _CODES:
        raise unknown("an error", identifier)

    def validate(data: Any) -> None:
        for check in checks:
            if not check(data):
                found = row_count(data) if isinstance(data, list) else data
                message = _message(identifier, context, found)
                raise QueryError(_CODES[identifier], message, _meta(identifier, context, found))

    return validate


def _cause(identifier: str, context: dict[str, Any], found: Any) -> str:
    match identifier:
        case "MISSING_RECORD":
            return _missing_record(context)
        case "MISSING_RELATED_RECORD":
            needed = context.get("neededFor")
            hint = f" (needed to {needed})" if needed else ""
            return (
                f"No '{context['model']}' record{hint} was found for {context['operation']}"
                f" on {context['relationType']} relation '{context['relation']}'."
            )
        case _:  # INCOMPLETE_CONNECT_INPUT
            return (
                f"Expected {context['expectedRows']} records to be connected, found only {found}."
            )


def _missing_record(context: dict[str, Any]) -> str:
    # The words of the original engine, which callers of update and delete have always seen.
    operation = context["operation"]
    if operation == "an update":
        return "Record to update not found."
    if operation == "a delete":
        return "Record to delete does not exist."
    if operation == "a query":
        return "Expected a record, found none."
    return f"No record was found for {operation}."


def _message(identifier: str, context: dict[str, Any], found: Any) -> str:
    match identifier:
        case "RELATION_VIOLATION":
            return (
                "The change you are trying to make would violate the required relation"
                f" '{context['relation']}' between the `{context['modelA']}` and"
                f" `{context['modelB']}` models."
            )
        case "INCOMPLETE_CONNECT_OUTPUT":
            cause = _not_connected(context, found)
            return f"The required connected records were not found. {cause}"
        case "RECORDS_NOT_CONNECTED":
            return (
                f"The records for relation `{context['relation']}` between the"
                f" `{context['parent']}` and `{context['child']}` models are not connected."
            )
        case _:
            return f"{_NEEDED} {_cause(identifier, context, found)}"


def _not_connected(context: dict[str, Any], found: Any) -> str:
    return (
        f"Expected {context['expectedRows']} records to be connected after connect operation on"
        f" {context['relationType']} relation '{context['relation']}', found {found}."
    )


def _meta(identifier: str, context: dict[str, Any], found: Any) -> dict[str, Any]:
    if _CODES[identifier] == "P2025":
        return {"cause": _cause(identifier, context, found)}
    if identifier == "INCOMPLETE_CONNECT_OUTPUT":
        return {"details": _not_connected(context, found)}
    names = {"modelA": "model_a_name", "modelB": "model_b_name"}
    names |= {"parent": "parent_name", "child": "child_name", "relation": "relation_name"}
    return {names.get(key, key): value for key, value in context.items()}
