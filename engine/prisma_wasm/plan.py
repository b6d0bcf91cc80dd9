"""The nodes of a query plan, as the compiler writes them.

One table of the language: what is not here, this engine does not run. Every place that goes
through nodes ends in `unknown`, so that a plan of a newer compiler is refused when it is compiled,
and never run half understood.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict


class UnknownPlanError(Exception):
    """The compiler wrote something that this version of the engine does not know."""


def unknown(what: str, node: object) -> UnknownPlanError:
    """The refusal of a plan."""
    return UnknownPlanError(
        f"The query compiler uses {what} that this version of prisma-wasm does not know:"
        f" {str(node)[:200]}"
    )


PrismaValue = Any
"""A constant, a list of values, or a dict whose `prisma__type` is `param` or `generatorCall`."""


class ArgType(TypedDict):
    arity: Literal["scalar", "list"]
    scalarType: str
    dbType: str | None


class TupleType(TypedDict):
    arity: Literal["tuple"]
    elements: list[ArgType]


class StringChunk(TypedDict):
    type: Literal["stringChunk"]
    chunk: str


class Parameter(TypedDict):
    type: Literal["parameter"]


class ParameterTuple(TypedDict):
    type: Literal["parameterTuple"]
    itemPrefix: str
    itemSeparator: str
    itemSuffix: str


class ParameterTupleList(TypedDict):
    type: Literal["parameterTupleList"]
    itemPrefix: str
    itemSeparator: str
    itemSuffix: str
    groupSeparator: str


Fragment = StringChunk | Parameter | ParameterTuple | ParameterTupleList


class PlaceholderFormat(TypedDict):
    prefix: str
    hasNumbering: bool


class TemplateSql(TypedDict):
    type: Literal["templateSql"]
    fragments: list[Fragment]
    placeholderFormat: PlaceholderFormat
    args: list[PrismaValue]
    argTypes: list[ArgType | TupleType]
    chunkable: bool


# How the records of an answer are made of a result


class FieldType(TypedDict):
    arity: Literal["required", "optional", "list", "scalar"]
    type: Literal[
        "string", "int", "bigint", "float", "boolean", "json", "object", "datetime", "decimal",
        "unsupported", "enum", "bytes",
    ]  # fmt: skip


class AffectedRows(TypedDict):
    type: Literal["affectedRows"]


class ObjectStructure(TypedDict):
    type: Literal["object"]
    fields: dict[str, Structure]
    serializedName: str | None
    skipNulls: bool


class FieldStructure(TypedDict):
    type: Literal["field"]
    dbName: str
    fieldType: dict[str, Any]


Structure = AffectedRows | ObjectStructure | FieldStructure


# What else the nodes carry


class Binding(TypedDict):
    name: str
    expr: Node


class RowCountEq(TypedDict):
    type: Literal["rowCountEq", "rowCountNeq", "affectedRowCountEq"]
    args: int


class Never(TypedDict):
    type: Literal["never"]


Rule = RowCountEq | Never


class JoinChild(TypedDict):
    child: Node
    on: list[tuple[str, str]]
    parentField: str
    isRelationUnique: bool


class Pagination(TypedDict):
    cursor: dict[str, PrismaValue] | None
    take: int | None
    skip: int | None


class Operations(TypedDict):
    pagination: Pagination | None
    distinct: list[str] | None
    reverse: bool
    linkingFields: list[str] | None
    nested: dict[str, Operations]


class FieldOperation(TypedDict):
    type: Literal["value", "lastInsertId", "set", "add", "subtract", "multiply", "divide"]
    value: PrismaValue


# Arguments of nodes


class GetArgs(TypedDict):
    name: str


class LetArgs(TypedDict):
    bindings: list[Binding]
    expr: Node


class NamesArgs(TypedDict):
    names: list[str]


class JoinArgs(TypedDict):
    parent: Node
    children: list[JoinChild]
    canAssumeStrictEquality: bool


class MapFieldArgs(TypedDict):
    field: str
    records: Node


class DataMapArgs(TypedDict):
    expr: Node
    structure: Structure
    enums: dict[str, dict[str, str]]


class ValidateArgs(TypedDict):
    expr: Node
    rules: list[Rule]
    errorIdentifier: str
    context: dict[str, Any]


IfArgs = TypedDict("IfArgs", {"value": "Node", "rule": "Rule", "then": "Node", "else": "Node"})

DiffArgs = TypedDict("DiffArgs", {"from": "Node", "to": "Node", "fields": list[str]})


class RecordArgs(TypedDict):
    expr: Node
    fields: dict[str, FieldOperation]


class ProcessArgs(TypedDict):
    expr: Node
    operations: Operations


# Nodes


class Value(TypedDict):
    type: Literal["value"]
    args: PrismaValue


class Several(TypedDict):
    type: Literal["seq", "sum", "concat"]
    args: list[Node]


class Get(TypedDict):
    type: Literal["get"]
    args: GetArgs


class Let(TypedDict):
    type: Literal["let"]
    args: LetArgs


class GetFirstNonEmpty(TypedDict):
    type: Literal["getFirstNonEmpty"]
    args: NamesArgs


class Single(TypedDict):
    type: Literal["reverse", "unique", "required", "transaction"]
    args: Node


class Join(TypedDict):
    type: Literal["join"]
    args: JoinArgs


class MapField(TypedDict):
    type: Literal["mapField"]
    args: MapFieldArgs


class DataMap(TypedDict):
    type: Literal["dataMap"]
    args: DataMapArgs


class Validate(TypedDict):
    type: Literal["validate"]
    args: ValidateArgs


class If(TypedDict):
    type: Literal["if"]
    args: IfArgs


class Unit(TypedDict):
    type: Literal["unit"]


class Diff(TypedDict):
    type: Literal["diff"]
    args: DiffArgs


class Record(TypedDict):
    type: Literal["initializeRecord", "mapRecord"]
    args: RecordArgs


class Process(TypedDict):
    type: Literal["process"]
    args: ProcessArgs


class SilentArgs(TypedDict):
    expr: Node
    sql: TemplateSql
    fields: dict[str, PrismaValue]


class Silent(TypedDict):
    # This engine's own (execute/together.py).
    type: Literal["silent"]
    args: SilentArgs


class Sql(TypedDict):
    # The last is this engine's own (execute/together.py).
    type: Literal["query", "execute", "last"]
    args: TemplateSql


Node = (
    Value
    | Several
    | Get
    | Let
    | GetFirstNonEmpty
    | Single
    | Join
    | MapField
    | DataMap
    | Validate
    | If
    | Unit
    | Diff
    | Record
    | Process
    | Sql
    | Silent
)
