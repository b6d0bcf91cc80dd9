"""The seam between a generated client and the engine.

`prisma generate` adds a few lines to the end of `client.py`; these hand the client's classes to
`adopt`, which puts the engine where the client would start a binary. Everything else of the client
stays as it was generated.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, cast

from prisma_wasm import custom_engine, models
from prisma_wasm.batches import BatchResult, Results, set_results
from prisma_wasm.bridge import AsyncBridge, Inside, SyncBridge
from prisma_wasm.credentials import Source
from prisma_wasm.package import package_of

_OWN: Final = frozenset((AsyncBridge, SyncBridge))


def adopt(client: type[Any], batch: type[Any]) -> None:
    """Put the engine into a generated package's client and batch classes."""
    package = client._prisma_wasm = package_of(client.__module__)
    base = package.module("_base_client")
    is_async = issubclass(client, base.AsyncBasePrisma)
    bridge = AsyncBridge if is_async else SyncBridge

    def create_engine(self: Any, dml_path: Path | None = None) -> AsyncBridge | SyncBridge:
        del dml_path
        return bridge(package, self._schema_path, log_queries=self._log_queries)

    # What upstream's own classes of engines are to `isinstance`.
    engines = package.module("engine")
    abstract = engines.AsyncAbstractEngine if is_async else engines.SyncAbstractEngine
    abstract.register(bridge)
    abstract.register(Inside)
    client._create_engine = create_engine
    client._engine = property(_engine_of(base.BasePrisma._engine), base.BasePrisma._engine.fset)
    # Its name before 0.12, by which applications wrap it to count what it does.
    client._Prisma__engine = client._engine
    client._execute = _execute
    batch.commit = _commit if is_async else _commit_sync
    batch._add = _add
    batch._add_read = _add_read
    actions: Any = package.module("actions")
    actions.model_parse = models.direct(actions.model_parse)


def _engine_of(generated: property) -> Callable[[Any], Any]:
    """What a client has as its engine; the property of the generated one says so if it has none."""
    find = cast("Callable[[Any], Any]", generated.fget)

    def engine(self: Any) -> Any:
        found, transaction = find(self), self._tx_id
        return found if transaction is None else Inside(found, transaction)

    return engine


def _execute(
    self: Any,
    method: str,
    arguments: dict[str, Any],
    model: type[Any] | None = None,
    root_selection: list[str] | None = None,
) -> Any:
    """The answer to a query, or the coroutine that gives it."""
    engine = self._internal_engine
    if engine.__class__ not in _OWN:
        if engine is None:
            engine = self._engine  # raises what the client raises
        return custom_engine.execute(self, method, arguments, model, root_selection)
    return engine.execute(method, arguments, model, root_selection, self._tx_id)


async def _commit(self: Any) -> None:
    """Execute the queries"""
    queries, results = _taken(self)
    set_results(results, await _committed(self, queries))


def _commit_sync(self: Any) -> None:
    """Execute the queries"""
    queries, results = _taken(self)
    set_results(results, _committed(self, queries))


def _taken(batch: Any) -> tuple[list[dict[str, Any]], Results]:
    """The queries of a batch, which are taken out of it, and the results that wait for them."""
    queries, batch._Batch__queries = batch._Batch__queries, []
    results, batch._results = getattr(batch, "_results", {}), {}
    return queries, results


def _committed(batch: Any, queries: list[dict[str, Any]]) -> Any:
    owner = batch._Batch__client
    engine = owner._internal_engine
    if engine is not None and engine.__class__ not in _OWN:
        return custom_engine.execute_batch(owner, queries)
    return owner._engine.execute_batch(queries, owner._tx_id)


def _add(self: Any, **kwargs: Any) -> None:
    self._Batch__queries.append(kwargs)


def _add_read(self: Any, result: BatchResult[Any], **kwargs: Any) -> None:
    """Add a read, whose result waits for the answer to it."""
    results: Results = self.__dict__.setdefault("_results", {})
    results[len(self._Batch__queries)] = result
    self._add(**kwargs)


async def connect_lazily(client: Any, *, url: str | None = None) -> None:
    """Connect a client without asking for its database; `url` overrides where that is.

    For services that start before their database does, or outlive it: the client counts as
    connected; each query opens the connection it needs, or fails, and the next one tries again.
    """
    if client._internal_engine is None:
        client._internal_engine = client._create_engine()
    if url is not None:
        credentials(client, url=url)
    _timeout, datasources = client._prepare_connect_args(timeout=timedelta(seconds=1))
    await client._internal_engine.connect(datasources=datasources, reach=False)


def credentials(client: Any, *, url: Source | None = None, password: Source | None = None) -> None:
    """Say where the client, before it connects, has its URL from, or the password alone.

    Each may be a text, or a function or coroutine function that is called for each new connection,
    so that short-lived credentials are always fresh. What a first URL says of the pool (its limits,
    its schema) holds as long as the client is connected.
    """
    given = dict(client._datasource or {})
    given |= {name: value for name, value in (("url", url), ("password", password)) if value}
    client._datasource = given
