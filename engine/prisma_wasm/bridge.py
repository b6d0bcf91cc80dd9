"""The engine in the form that the generated client expects of one, asynchronous and synchronous."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Awaitable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from prisma_wasm.blocking import in_thread
from prisma_wasm.credentials import Credentials, Source
from prisma_wasm.custom_engine import EngineProcess, run_text
from prisma_wasm.engine import Engine, Query
from prisma_wasm.errors import QueryError
from prisma_wasm.forking import renew_in_child
from prisma_wasm.observe.logs import StatementLog, slow_limit
from prisma_wasm.observe.spans import NOTHING
from prisma_wasm.package import Package, given_url, project_url
from prisma_wasm.running_time import running_timeout
from prisma_wasm.transactions import caller

ResultT = TypeVar("ResultT")

_CONNECT_TIMEOUT: Final = timedelta(seconds=10)
_OUTER: Final = "outer_transaction"
_PROCESS: Final = EngineProcess()


def _described(error: QueryError) -> str:
    return error.message if error.code is None else f"{error.code}: {error.message}"


class AsyncBridge:
    """What a generated asyncio client holds as its engine."""

    def __init__(self, package: Package, schema_path: Path, *, log_queries: bool) -> None:
        self._package = package
        self._schema_path = schema_path
        self._log_queries = log_queries
        self._engine: Engine | None = None

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            raise self._package.error("engine.errors", "NotConnectedError")(
                "Not connected to the query engine"
            )
        return self._engine

    @property
    def process(self) -> EngineProcess | None:
        """Stand for upstream's engine process: None while the client is not connected."""
        return None if self._engine is None else _PROCESS

    async def connect(
        self,
        timeout: timedelta = _CONNECT_TIMEOUT,  # noqa: ASYNC109  # the client's own name
        datasources: list[dict[str, Any]] | None = None,
        *,
        reach: bool = True,
    ) -> None:
        """Connect to the database; what is wrong with it is raised here."""
        engine = await self._make_engine(datasources)
        if self._engine is not None:
            raise self._package.error("engine.errors", "AlreadyConnectedError")(
                "Already connected to the query engine"
            )
        self._engine = engine
        if not reach:
            return
        try:
            async with running_timeout(timeout.total_seconds()):
                await engine.reach()
        except (QueryError, TimeoutError) as error:
            self._engine = None
            await engine.close()
            self._connection_failed(error, engine)
        except BaseException:
            self._engine = None
            engine.abandon()
            raise

    def _connection_failed(self, error: BaseException, engine: Engine) -> None:
        place = engine.address.place
        message = (
            _described(error)
            if isinstance(error, QueryError)
            else f"P1001: Can't reach database server at `{place}`: no connection in time"
        )
        raise self._package.error("engine.errors", "EngineConnectionError")(
            f"Could not connect to the query engine: {message}"
        ) from error

    async def _make_engine(self, datasources: list[dict[str, Any]] | None) -> Engine:
        own = datasources[0] if datasources else {}
        url: Source | None = own.get("url")
        try:
            if url is None or isinstance(url, str):
                url = await self._database_url(url)
            credentials = Credentials(url, own.get("password"))
            address = await credentials.url_address()
            log = StatementLog(prints=self._log_queries, slow=slow_limit(os.environ))
        except QueryError as error:
            raise self._package.error("engine.errors", "EngineConnectionError")(
                f"Could not connect to the query engine: {_described(error)}"
            ) from error
        return Engine(self._package.target(), address, credentials, log)

    async def _database_url(self, override: str | None) -> str:
        schema = self._package.schema
        given = given_url(override, schema)
        return given or await in_thread(project_url, schema, self._schema_path)

    async def execute(
        self,
        method: str,
        arguments: dict[str, Any],
        model: type[Any] | None,
        root_selection: list[str] | None,
        transaction: str | None,
    ) -> Any:
        """Run one query of the client."""
        engine = self._engine or self.engine
        spans = engine.spans
        try:
            query = engine.prepare(method, arguments, model, root_selection)
            if spans is None:
                return {"data": {"result": await engine.run(query, transaction)}}
            with spans.operation(method, model, transaction):
                return {"data": {"result": await engine.run(query, transaction)}}
        except QueryError as error:
            self._package.fail(f"{model.__name__}.{method}" if model else method, error)

    async def execute_batch(
        self, queries: list[dict[str, Any]], transaction: str | None
    ) -> list[Any]:
        """Run several queries of the client, all or nothing."""
        engine = self.engine
        spans = engine.spans
        try:
            with NOTHING if spans is None else spans.batch(len(queries), transaction):
                prepared = [_prepared(engine, query) for query in queries]
                return await engine.run_batch(prepared, transaction)
        except QueryError as error:
            self._package.fail("batch", error)

    async def query(self, content: str, *, tx_id: str | None) -> Any:
        """Run a query or batch that an application's own engine passes on."""
        return await run_text(self, content, tx_id)

    async def start_transaction(self, *, content: str) -> str:
        """Begin an interactive transaction, inside of the outer one if it names one; its id."""
        options = json.loads(content)
        engine, outer = self.engine, options.get(_OUTER)
        try:
            start = engine.start_transaction(
                options["max_wait"] / 1000,
                options["timeout"] / 1000,
                options.get("isolation_level"),
                outer,
            )
            return await (start if engine.spans is None else engine.spans.starting(start, outer))
        except QueryError as error:
            self._package.fail("start_transaction", error)

    async def commit_transaction(self, tx_id: str) -> None:
        engine = self.engine
        await self._end(engine, "commit_transaction", tx_id, engine.commit_transaction(tx_id))

    async def rollback_transaction(self, tx_id: str) -> None:
        engine = self.engine
        await self._end(engine, "rollback_transaction", tx_id, engine.rollback_transaction(tx_id))

    async def _end(self, engine: Engine, how: str, tx_id: str, end: Awaitable[None]) -> None:
        try:
            await (end if engine.spans is None else engine.spans.ending(how, tx_id, end))
        except QueryError as error:
            self._package.fail(how, error)

    async def metrics(self, *, format: str, global_labels: dict[str, str] | None) -> Any:  # noqa: A002  # the client's own name
        return self.engine.metrics_as(format, global_labels or {})

    async def aclose(self, *, timeout: timedelta | None = None) -> None:  # noqa: ASYNC109  # the client's own name
        """Close the pool."""
        del timeout  # a second is always enough
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()

    def close(self, *, timeout: timedelta | None = None) -> None:
        """Nothing to do before `aclose`."""

    def stop(self, *, timeout: timedelta | None = None) -> None:
        """Close the pool from wherever the client was thrown away."""
        del timeout
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.abandon()


def _prepared(engine: Engine, query: dict[str, Any]) -> Query:
    return engine.prepare(
        query["method"],
        query["arguments"],
        query.get("model"),
        query.get("root_selection"),
    )


class Inside:
    """The engine as the client of a transaction has it: what it begins is nested."""

    def __init__(self, bridge: AsyncBridge | SyncBridge, transaction: str) -> None:
        self._bridge = bridge
        self._transaction = transaction

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bridge, name)

    def start_transaction(self, *, content: str) -> Any:
        """Begin an interactive transaction inside of this one."""
        # Among the options, since an application may have put something of its own in between.
        options = json.loads(content) | {_OUTER: self._transaction}
        return self._bridge.start_transaction(content=json.dumps(options))


class _Loop:
    """One event loop in a thread of its own, for every synchronous client of the process."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self.loop.run_forever, name="prisma-wasm", daemon=True
        )
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError(
                "A synchronous client can't be used in the engine's own event loop, which would"
                " wait for itself."
            )
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()


class _Background:
    """The loop of this process, which begins with the first synchronous client."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: _Loop | None = None
        # Their loops share the parent's selectors, so they are never closed here.
        self._left_to_parent: list[_Loop] = []
        renew_in_child(self)

    def loop(self) -> _Loop:
        with self._lock:
            if self._running is None or not self._running.is_alive:
                self._running = _Loop()
            return self._running

    def renew(self) -> None:
        """In a child process the thread is not there, and the lock may be held for ever."""
        self._lock = threading.Lock()
        if self._running is not None:
            self._left_to_parent.append(self._running)
        self._running = None


_background: Final = _Background()


class SyncBridge:
    """What a generated synchronous client holds as its engine."""

    def __init__(self, package: Package, schema_path: Path, *, log_queries: bool) -> None:
        self._inner = AsyncBridge(package, schema_path, log_queries=log_queries)

    @property
    def process(self) -> EngineProcess | None:
        """Stand for upstream's engine process: None while the client is not connected."""
        return self._inner.process

    def _run(self, coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
        token = caller.set(threading.current_thread())
        try:
            return _background.loop().run(coroutine)
        finally:
            caller.reset(token)

    def connect(
        self,
        timeout: timedelta = _CONNECT_TIMEOUT,
        datasources: list[dict[str, Any]] | None = None,
    ) -> None:
        self._run(self._inner.connect(timeout, datasources))

    def execute(
        self,
        method: str,
        arguments: dict[str, Any],
        model: type[Any] | None,
        root_selection: list[str] | None,
        transaction: str | None,
    ) -> Any:
        return self._run(self._inner.execute(method, arguments, model, root_selection, transaction))

    def execute_batch(self, queries: list[dict[str, Any]], transaction: str | None) -> list[Any]:
        return self._run(self._inner.execute_batch(queries, transaction))

    def query(self, content: str, *, tx_id: str | None) -> Any:
        """Run a query or batch that an application's own engine passes on."""
        return run_text(self, content, tx_id)

    def start_transaction(self, *, content: str) -> str:
        return self._run(self._inner.start_transaction(content=content))

    def commit_transaction(self, tx_id: str) -> None:
        self._run(self._inner.commit_transaction(tx_id))

    def rollback_transaction(self, tx_id: str) -> None:
        self._run(self._inner.rollback_transaction(tx_id))

    def metrics(self, *, format: str, global_labels: dict[str, str] | None) -> Any:  # noqa: A002  # the client's own name
        return self._run(self._inner.metrics(format=format, global_labels=global_labels))

    def close(self, *, timeout: timedelta | None = None) -> None:
        self._run(self._inner.aclose(timeout=timeout))

    async def aclose(self, *, timeout: timedelta | None = None) -> None:  # noqa: ASYNC109  # the client's own name
        self._inner.stop(timeout=timeout)

    def stop(self, *, timeout: timedelta | None = None) -> None:
        self._inner.stop(timeout=timeout)
