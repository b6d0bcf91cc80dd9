"""`stream`: all records that a filter finds, page by page, in memory for one page.

    async for user in stream(db.user, where={"active": True}, order={"name": "asc"}):
        ...

Each page is an ordinary query for what comes after the last record's values in the order, with its
id as the last of them. So no connection, transaction or cursor is held between pages, poolers and
scopes work as ever, and the records that were read may be changed or deleted meanwhile. (A cursor
of Prisma's would end the stream where its record is deleted.)
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar, cast, overload

from prisma_wasm.schema import Field, Model

if TYPE_CHECKING:
    from prisma_wasm.package import Package

RecordT = TypeVar("RecordT")
WhereT = TypeVar("WhereT", contravariant=True)
OrderT = TypeVar("OrderT", contravariant=True)
IncludeT = TypeVar("IncludeT", contravariant=True)

# Of these a filter can say which values come after one.
_COMPARABLE: Final = frozenset({"String", "Int", "BigInt", "Float", "Decimal", "DateTime"})


class _Actions(Protocol[RecordT, WhereT, OrderT, IncludeT]):
    """The actions of a model, such as `db.user`."""

    async def find_many(
        self,
        take: int | None = None,
        skip: int | None = None,
        where: WhereT | None = None,
        cursor: Any = None,
        include: IncludeT | None = None,
        order: OrderT | None = None,
    ) -> list[RecordT]: ...


class _SyncActions(Protocol[RecordT, WhereT, OrderT, IncludeT]):
    """The same of a synchronous client."""

    def find_many(
        self,
        take: int | None = None,
        skip: int | None = None,
        where: WhereT | None = None,
        cursor: Any = None,
        include: IncludeT | None = None,
        order: OrderT | None = None,
    ) -> list[RecordT]: ...


@overload
def stream(
    actions: _Actions[RecordT, WhereT, OrderT, IncludeT],
    *,
    where: WhereT | None = None,
    order: OrderT | None = None,
    include: IncludeT | None = None,
    batch: int = 500,
) -> AsyncIterator[RecordT]: ...


@overload
def stream(
    actions: _SyncActions[RecordT, WhereT, OrderT, IncludeT],
    *,
    where: WhereT | None = None,
    order: OrderT | None = None,
    include: IncludeT | None = None,
    batch: int = 500,
) -> Iterator[RecordT]: ...


def stream(
    actions: Any, *, where: Any = None, order: Any = None, include: Any = None, batch: int = 500
) -> Any:
    """The records that `find_many` with the same arguments finds, read `batch` at a time.

    A record that is inserted, or moved in the order, while the stream goes on may be missed or seen
    again; one that is deleted before its page is not seen.
    """
    if batch < 1:
        raise ValueError(f"A batch has at least one record, not {batch}.")
    pages = _Pages(_keys(actions, order), where, include, batch)
    run = _run if inspect.iscoroutinefunction(actions.find_many) else _run_sync
    return run(actions, pages)


async def _run(actions: Any, pages: _Pages) -> AsyncIterator[Any]:
    while not pages.is_done:
        records = await actions.find_many(**pages.query)
        for record in records:
            yield record
        pages.turn(records)


def _run_sync(actions: Any, pages: _Pages) -> Iterator[Any]:
    while not pages.is_done:
        records = actions.find_many(**pages.query)
        yield from records
        pages.turn(records)


class _Key(NamedTuple):
    """A field of the order."""

    field: Field
    is_descending: bool

    def after(self, value: Any) -> dict[str, Any] | None:
        """What comes after a value; None if nothing can. PostgreSQL holds null for the greatest."""
        name, is_nullable = self.field.name, not self.field.is_required
        if value is None:
            return {"NOT": {name: None}} if self.is_descending else None
        if self.field.type == "Boolean":
            greater: Any = None if value is not self.is_descending else {name: not value}
        else:
            greater = {name: {"lt" if self.is_descending else "gt": value}}
        if not is_nullable or self.is_descending:
            return greater
        return {"OR": [greater, {name: None}]} if greater else {name: None}

    def bound(self, value: Any) -> dict[str, Any] | None:
        """A simpler filter that holds for all that comes after, from which an index can start."""
        if not self.field.is_required or self.field.type == "Boolean":
            return None
        return {self.field.name: {"lte" if self.is_descending else "gte": value}}


class _Pages:
    """The queries for one page after the other."""

    def __init__(self, keys: list[_Key], where: Any, include: Any, size: int) -> None:
        self._keys = keys
        self._where = where
        self.is_done = False
        order = [{key.field.name: "desc" if key.is_descending else "asc"} for key in keys]
        self.query: dict[str, Any] = {
            "take": size,
            "where": where,
            "order": order,
            "include": include,
        }

    def turn(self, records: Sequence[Any]) -> None:
        """Go on to the page after these records."""
        if len(records) < self.query["take"]:
            self.is_done = True
            return
        rest = self._after(records[-1])
        self.query["where"] = {"AND": [self._where, *rest]} if self._where else {"AND": rest}

    def _after(self, record: Any) -> list[dict[str, Any]]:
        values = [(key, getattr(record, key.field.name)) for key in self._keys]
        same: list[dict[str, Any]] = []
        either: list[dict[str, Any]] = []
        for key, value in values:
            if after := key.after(value):
                either.append({"AND": [*same, after]})
            same.append({key.field.name: value})
        first, value = values[0]
        bound = first.bound(value) if len(values) > 1 else None
        return [{"OR": either}, *([bound] if bound else [])]


def _keys(actions: Any, order: Any) -> list[_Key]:
    """The fields of the order, and of the model's identity after them."""
    package: Package = actions._client._prisma_wasm
    record_type: type[Any] = actions._model
    model = package.schema.models[package.target().models.known(record_type).name]
    if not model.identity:
        raise ValueError(f"{model.name} has no id by which a stream could go on.")
    keys = [_key(model, name, direction) for name, direction in _pairs(order)]
    known = {key.field.name for key in keys}
    keys += [_key(model, name, "asc") for name in model.identity if name not in known]
    fields = package.module("_compat").model_fields(record_type)
    for key in keys:
        if key.field.name not in fields:
            raise ValueError(
                f"{record_type.__name__} has no field `{key.field.name}`, by which a stream of it"
                " goes on from page to page."
            )
    return keys


def _pairs(order: Any) -> Iterator[tuple[str, Any]]:
    parts: list[Any] = [order] if isinstance(order, Mapping) else list(order or ())
    for part in parts:
        yield from cast("Mapping[str, Any]", part).items()


def _key(model: Model, name: str, direction: Any) -> _Key:
    field = model.fields.get(name)
    if field is None or direction not in ("asc", "desc"):
        raise ValueError(f"A stream can't be in the order {{{name!r}: {direction!r}}}.")
    if field.is_list or field.type not in _COMPARABLE | {"Boolean"}:
        raise ValueError(
            f"A stream can't be in the order of `{name}`: no filter says what comes after a value"
            f" of the type {field.type}{'[]' if field.is_list else ''}."
        )
    return _Key(field, direction == "desc")
