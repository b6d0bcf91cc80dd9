"""`select`: reads of exactly what a type of records holds.

    class Card(TypedDict):
        id: int
        name: str | None

    cards = await db.user.select(Card).find_many(where={"active": True})

The methods have the arguments of the model's own. What is read, and what comes back, is what the
type says.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

RecordT = TypeVar("RecordT")
WhereT = TypeVar("WhereT")
UniqueT = TypeVar("UniqueT")
IncludeT = TypeVar("IncludeT")
OrderT = TypeVar("OrderT")
FieldT = TypeVar("FieldT")


class _Selection:
    """What both kinds share: the client, and how to ask for a type of records."""

    def __init__(self, client: Any, model: type[Any], record: type[Any]) -> None:
        self._client = client
        self._record = client._prisma_wasm.record_type(model, record)
        self._record.include(None)  # raises what is wrong with the types of related records

    def _ask(self, method: str, include: Any, arguments: dict[str, Any]) -> Any:
        return self._client._execute(
            method=method,
            arguments={**arguments, "include": self._record.include(include)},
            model=self._record,
        )

    def _one(self, answer: Any) -> Any:
        row = answer["data"]["result"]
        return None if row is None else self._record.parse(row)

    def _many(self, answer: Any) -> list[Any]:
        return [self._record.parse(row) for row in answer["data"]["result"]]


class AsyncSelection(_Selection, Generic[RecordT, WhereT, UniqueT, IncludeT, OrderT, FieldT]):
    """The reads of a model, for one type of records."""

    async def find_unique(self, where: UniqueT, include: IncludeT | None = None) -> RecordT | None:
        """Find a unique record."""
        return self._one(await self._ask("find_unique", include, {"where": where}))

    async def find_unique_or_raise(
        self, where: UniqueT, include: IncludeT | None = None
    ) -> RecordT:
        """Find a unique record, or raise `RecordNotFoundError`."""
        return self._one(await self._ask("find_unique_or_raise", include, {"where": where}))

    async def find_first(
        self,
        skip: int | None = None,
        where: WhereT | None = None,
        cursor: UniqueT | None = None,
        include: IncludeT | None = None,
        order: OrderT | list[OrderT] | None = None,
        distinct: list[FieldT] | None = None,
    ) -> RecordT | None:
        """Find the first record that matches."""
        given = {"skip": skip, "where": where, "cursor": cursor, "distinct": distinct}
        return self._one(await self._ask("find_first", include, {**given, "order_by": order}))

    async def find_first_or_raise(
        self,
        skip: int | None = None,
        where: WhereT | None = None,
        cursor: UniqueT | None = None,
        include: IncludeT | None = None,
        order: OrderT | list[OrderT] | None = None,
        distinct: list[FieldT] | None = None,
    ) -> RecordT:
        """Find the first record that matches, or raise `RecordNotFoundError`."""
        given = {"skip": skip, "where": where, "cursor": cursor, "distinct": distinct}
        return self._one(
            await self._ask("find_first_or_raise", include, {**given, "order_by": order})
        )

    async def find_many(
        self,
        take: int | None = None,
        skip: int | None = None,
        where: WhereT | None = None,
        cursor: UniqueT | None = None,
        include: IncludeT | None = None,
        order: OrderT | list[OrderT] | None = None,
        distinct: list[FieldT] | None = None,
    ) -> list[RecordT]:
        """Find all records that match."""
        given = {"take": take, "skip": skip, "where": where, "cursor": cursor}
        given |= {"distinct": distinct, "order_by": order}
        return self._many(await self._ask("find_many", include, given))


class SyncSelection(_Selection, Generic[RecordT, WhereT, UniqueT, IncludeT, OrderT, FieldT]):
    """The same of a synchronous client."""

    def find_unique(self, where: UniqueT, include: IncludeT | None = None) -> RecordT | None:
        """Find a unique record."""
        return self._one(self._ask("find_unique", include, {"where": where}))

    def find_unique_or_raise(self, where: UniqueT, include: IncludeT | None = None) -> RecordT:
        """Find a unique record, or raise `RecordNotFoundError`."""
        return self._one(self._ask("find_unique_or_raise", include, {"where": where}))

    def find_first(
        self,
        skip: int | None = None,
        where: WhereT | None = None,
        cursor: UniqueT | None = None,
        include: IncludeT | None = None,
        order: OrderT | list[OrderT] | None = None,
        distinct: list[FieldT] | None = None,
    ) -> RecordT | None:
        """Find the first record that matches."""
        given = {"skip": skip, "where": where, "cursor": cursor, "distinct": distinct}
        return self._one(self._ask("find_first", include, {**given, "order_by": order}))

    def find_first_or_raise(
        self,
        skip: int | None = None,
        where: WhereT | None = None,
        cursor: UniqueT | None = None,
        include: IncludeT | None = None,
        order: OrderT | list[OrderT] | None = None,
        distinct: list[FieldT] | None = None,
    ) -> RecordT:
        """Find the first record that matches, or raise `RecordNotFoundError`."""
        given = {"skip": skip, "where": where, "cursor": cursor, "distinct": distinct}
        return self._one(self._ask("find_first_or_raise", include, {**given, "order_by": order}))

    def find_many(
        self,
        take: int | None = None,
        skip: int | None = None,
        where: WhereT | None = None,
        cursor: UniqueT | None = None,
        include: IncludeT | None = None,
        order: OrderT | list[OrderT] | None = None,
        distinct: list[FieldT] | None = None,
    ) -> list[RecordT]:
        """Find all records that match."""
        given = {"take": take, "skip": skip, "where": where, "cursor": cursor}
        given |= {"distinct": distinct, "order_by": order}
        return self._many(self._ask("find_many", include, given))
