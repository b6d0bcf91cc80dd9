"""Engines that an application puts in the place of the client's own, as a wrapper or a stand-in.

Upstream's client hands its engine every query as text: `engine.query(content, tx_id=...)`. So
applications wrap the engine to count and trace queries, or replace it in tests. They get the same
text here. It carries the call that it was made from, so that the engine behind a wrapper need not
parse it.
"""

from __future__ import annotations

import json
from typing import Any, Final

from prisma_wasm.protocol import ACTIONS, EXTENSIONS
from prisma_wasm.record_types import RecordType

Call = dict[str, Any]

_UNKNOWN_TEXT: Final = (
    "This engine runs the texts that the client makes, unchanged. Use the client's methods, or"
    " query_raw() and execute_raw() for SQL."
)


class QueryText(str):
    """The text of one query, and the call of the client that it was made from."""

    __slots__ = ("call",)
    call: Call


class BatchText(str):
    """The text of a batch, and the calls of the client that it was made from."""

    __slots__ = ("calls",)
    calls: list[Call]


class EngineProcess:
    """What `engine.process` is while the client is connected.

    Applications ask whether there is a process, and some stop it by its `pid`. The engine runs in
    the application's own process, so there is no `pid` to stop.
    """

    returncode: Final = None

    def poll(self) -> None:
        """Return None: the engine runs."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"The engine has no process of its own, so `process.{name}` does not exist."
            " Disconnect the client to stop the engine."
        )


def execute(
    client: Any,
    method: str,
    arguments: dict[str, Any],
    model: type[Any] | None,
    root_selection: list[str] | None,
) -> Any:
    """Hand a query to the engine that the application has put into the client."""
    call: Call = {
        "method": method,
        "arguments": arguments,
        "model": model,
        "root_selection": root_selection,
    }
    text = QueryText(_text(client, call))
    text.call = call
    return client._internal_engine.query(text, tx_id=client._tx_id)


def execute_batch(client: Any, calls: list[Call]) -> Any:
    """Hand a batch to the engine that the application has put into the client."""
    calls = [{"model": None, "root_selection": None} | call for call in calls]
    queries = [_builder(client, call).build_query() for call in calls]
    batch: list[dict[str, Any]] = [{"query": query, "variables": {}} for query in queries]
    text = BatchText(json.dumps({"batch": batch, "transaction": True}))
    text.calls = calls
    return client._internal_engine.query(text, tx_id=client._tx_id)


def run_text(bridge: Any, content: str, transaction: str | None) -> Any:
    """Run on the client's own engine what a wrapper passes on."""
    if isinstance(content, QueryText):
        return bridge.execute(**content.call, transaction=transaction)
    if isinstance(content, BatchText):
        return bridge.execute_batch(content.calls, transaction)
    raise NotImplementedError(_UNKNOWN_TEXT)


def _text(client: Any, call: Call) -> str:
    """Return the query as upstream's query builder writes it; of an extension, only its name."""
    model: Any = call["model"]
    if call["method"] in EXTENSIONS or isinstance(model, RecordType):
        kind = "mutation" if call["method"].endswith("_and_return") else "query"
        query = f"{kind} {{result: {ACTIONS[call['method']]}{model.__prisma_model__}}}"
        return json.dumps({"variables": {}, "operation_name": kind, "query": query})
    return _builder(client, call).build()


def _builder(client: Any, call: Call) -> Any:
    """Return upstream's query builder for a call."""
    return client._make_query_builder(**call)
