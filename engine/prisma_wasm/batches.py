"""Reads in a batch: what they found is there once the batch is committed.

    async with db.batch_() as batch:
        batch.account.update(where={"id": 1}, data={"balance": {"decrement": 5}})
        account = batch.account.find_unique(where={"id": 1})

    account.result()

A generated client's batch actions call `read`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

_MISSING: Final = object()


class BatchResult(Generic[T]):
    """What a read of a batch found, once the batch is committed."""

    __slots__ = ("_parse", "_result")

    def __init__(self, parse: Callable[[Any], Any]) -> None:
        self._parse = parse
        self._result: Any = _MISSING

    def result(self) -> T:
        """What was found; an error before the batch is committed, and if it failed."""
        if self._result is _MISSING:
            raise RuntimeError(
                "The batch has not been committed, or it failed. A result is there after the"
                " `with` block, or after `commit()`."
            )
        return self._result

    def set_answer(self, answer: Any) -> None:
        """Take over the engine's answer."""
        self._result = self._parse(answer)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {'pending' if self._result is _MISSING else self._result}>"


Results = dict[int, BatchResult[Any]]
"""The reads of a batch, by their places in it."""


def read(
    batcher: Any,
    method: str,
    model: type[Any],
    make_record: Callable[[type[Any], Any], Any],
    arguments: dict[str, Any],
) -> BatchResult[Any]:
    """Add a read of a model to a batch."""

    def record(row: Any) -> Any:
        return None if row is None else make_record(model, row)

    def records(rows: list[Any]) -> list[Any]:
        return [make_record(model, row) for row in rows]

    parse = {"find_many": records, "count": _count}.get(method, record)
    result = BatchResult[Any](parse)
    batcher._add_read(
        result,
        method=method,
        model=model,
        arguments=arguments,
        root_selection=["_count { _all }"] if method == "count" else None,
    )
    return result


def _count(answer: Any) -> int:
    return int(answer["_count"]["_all"])


def set_results(results: Results, answers: Any) -> None:
    """Hand the answers of a committed batch to its reads."""
    for position, result in results.items():
        result.set_answer(answers[position])
