"""What plans do with records in memory: joins, pagination, distinct, differences.

Records are dicts (or the driver's rows, which are never changed in place); keys of records compare
by value, with numbers, decimals and texts of numbers taken as equal where they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, cast
from uuid import UUID

from prisma_wasm.conversions import to_moment
from prisma_wasm.execute.run import Run
from prisma_wasm.execute.values import Evaluate, Scope, compile_value
from prisma_wasm.plan import JoinChild, Operations

Record = dict[str, Any]
Key = tuple[Any, ...]


def as_list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, list) and not value)


def as_record(value: Any) -> Record:
    """A record that may be changed."""
    return cast("Record", value) if isinstance(value, dict) else dict(value.items())


def map_field(value: Any, field: str) -> Any:
    """One field of a record, or of each of several."""
    if value is None:
        return None
    if isinstance(value, list):
        return [map_field(item, field) for item in cast("list[Any]", value)]
    return value[field]


def difference(left: Any, right: Any, fields: list[str]) -> list[Any]:
    """The records of the left that are not among those of the right."""
    present = {_key_or_none(item, fields) for item in as_list(right)}
    return [item for item in as_list(left) if _key_or_none(item, fields) not in present]


def _key_or_none(record: Any, fields: list[str]) -> Key | None:
    return None if record is None else record_key(record, fields)


def record_key(record: Any, fields: Iterable[str]) -> Key:
    """The values that tell a record from others."""
    return tuple([_comparable(record[field]) for field in fields])


def _comparable(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, list):
        return tuple([_comparable(item) for item in cast("list[Any]", value)])
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True, default=str)
    return value


# Joins


def compile_join(children: list[JoinChild]) -> Callable[[Any, list[Any]], Any]:
    """Hang each child's records on their parents."""
    joins = [
        (
            [parent for parent, _child in child["on"]],
            [inner for _parent, inner in child["on"]],
            child["parentField"],
            child["isRelationUnique"],
        )
        for child in children
    ]

    def join(parents: Any, found: list[Any]) -> Any:
        records = [as_record(parent) for parent in as_list(parents)]
        for (parent_keys, child_keys, name, is_unique), rows in zip(joins, found, strict=True):
            by_key: dict[Key, list[Record]] = {}
            for record in records:
                by_key.setdefault(record_key(record, parent_keys), []).append(record)
                record[name] = None if is_unique else []
            for child in as_list(rows):
                if child is None:
                    continue
                for record in by_key.get(record_key(child, child_keys), ()):
                    if is_unique:
                        record[name] = child
                    else:
                        record[name].append(child)
        return records if isinstance(parents, list) else records[0]

    return join


# Pagination


Process = Callable[[Run, Any], Any]


def compile_operations(operations: Operations, scope: Scope) -> Process:
    """Distinct, pagination and order of records, and of those nested in them."""
    distinct, linking = operations["distinct"], operations["linkingFields"]
    unique_fields = None if distinct is None else [*distinct, *(linking or ())]
    paginate = _compile_pagination(operations, scope)
    nested = [
        (name, compile_operations(inner, scope)) for name, inner in operations["nested"].items()
    ]
    is_reversed = operations["reverse"]

    def process(run: Run, value: Any) -> Any:
        if isinstance(value, str):
            value = json.loads(value, parse_float=Decimal)
        if value is None:
            return None
        is_list = isinstance(value, list)
        records = as_list(value)
        if unique_fields is not None and is_list:
            records = _first_of_each(records, unique_fields)
        if paginate is not None:
            records = paginate(run, records)
        if is_reversed and is_list:
            records = records[::-1]
        if nested:
            records = [_process_nested(run, as_record(row), nested) for row in records]
        if is_list:
            return records
        return records[0] if records else None

    return process


def _first_of_each(records: list[Any], fields: list[str]) -> list[Any]:
    firsts: dict[Key, Any] = {}
    for record in records:
        firsts.setdefault(record_key(record, fields), record)
    return list(firsts.values())


def _process_nested(run: Run, record: Record, nested: list[tuple[str, Process]]) -> Record:
    for name, process in nested:
        record[name] = process(run, record[name])
    return record


def _compile_pagination(
    operations: Operations, scope: Scope
) -> Callable[[Run, list[Any]], list[Any]] | None:
    pagination = operations["pagination"]
    if pagination is None:
        return None
    linking = operations["linkingFields"]
    cursor: dict[str, Evaluate] | None = None
    if pagination["cursor"] is not None:
        items = pagination["cursor"].items()
        cursor = {name: compile_value(value, scope) for name, value in items}
    take = compile_value(pagination["take"], scope)
    skip = compile_value(pagination["skip"], scope)

    def page(run: Run, records: list[Any]) -> list[Any]:
        start = 0
        if cursor is not None:
            wanted = {name: value(run) for name, value in cursor.items()}
            start = next((i for i, row in enumerate(records) if _matches(row, wanted)), -1)
            if start < 0:
                return []
        start += skip(run) or 0
        limit = take(run)
        return records[start:] if limit is None else records[start : start + limit]

    if linking is None:
        return page

    def page_by_parent(run: Run, records: list[Any]) -> list[Any]:
        groups: dict[Key, list[Any]] = {}
        for record in records:
            groups.setdefault(record_key(record, linking), []).append(record)
        return [record for group in groups.values() for record in page(run, group)]

    return page_by_parent


def _matches(record: Any, wanted: dict[str, Any]) -> bool:
    return all(is_same(record[name], value) for name, value in wanted.items())


def is_same(found: Any, wanted: Any) -> bool:
    """Whether a value read is a value given, which may have another form of the same type."""
    if found == wanted:
        return True
    if isinstance(wanted, datetime):
        return _as_moment(found) == wanted
    if isinstance(wanted, Decimal) or isinstance(found, Decimal):
        try:
            return Decimal(str(found)) == Decimal(str(wanted))
        except InvalidOperation:
            return False
    if isinstance(found, UUID) or isinstance(wanted, int):
        return str(found) == str(wanted)
    return False


def _as_moment(found: Any) -> datetime | None:
    return None if found is None else to_moment(found)
