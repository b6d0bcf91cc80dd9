"""One query's journey: its shape, its plan, a connection, an answer.

An engine belongs to one client. What it needs of the schema (`Target`) is shared by every engine of
the same generated package, so a thousand databases have one compiler and one cache of plans.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from prisma_wasm import metrics, raw, scope
from prisma_wasm.address import Address
from prisma_wasm.credentials import Credentials
from prisma_wasm.errors import OutdatedStatementError, QueryError
from prisma_wasm.execute import Program, bulk, in_transaction
from prisma_wasm.inputs import Inputs
from prisma_wasm.lane import Lane
from prisma_wasm.observe import tags
from prisma_wasm.observe.session import RawSession, watched
from prisma_wasm.observe.spans import NOTHING, spans_of
from prisma_wasm.plan import UnknownPlanError
from prisma_wasm.postgres import Connection, connect
from prisma_wasm.protocol import Lifted, Models, lift, lift_rows
from prisma_wasm.raw_parameters import Accepted, Parameters, parameters
from prisma_wasm.settings import in_local_scope, settle, settle_before

if TYPE_CHECKING:
    from prisma_wasm.plans import Plans

ResultT = TypeVar("ResultT")
Action = Callable[[RawSession], Awaitable[Any]]

RAW_METHODS: Final = frozenset({"query_raw", "query_first", "execute_raw"})
INSERTIONS: Final = frozenset({"create_many", "create_many_and_return"})


class Target:
    """What the engines of one generated package share."""

    def __init__(self, inputs: Inputs, models: Models, plans: Callable[[str], Plans]) -> None:
        self.inputs = inputs
        self.models = models
        self.plans = plans


class Query:
    """A query that is ready to run: of a model, by its shape, or raw."""

    __slots__ = ("is_one_statement", "lifted", "method", "parameters", "rows", "sql")

    def __init__(self, method: str, lifted: Lifted | None) -> None:
        self.method = method
        self.lifted = lifted
        # Whether it asks for the rows of one statement and nothing else, once that is known.
        self.is_one_statement = lifted is None and method != "execute_raw"
        # Of an insertion of many: its rows in runs of the same shape.
        self.rows: list[tuple[Lifted, list[list[Any]]]] | None = None
        # Of a raw query.
        self.sql = ""
        self.parameters = Parameters([], ())


class Engine:
    """Runs the queries of one client on one database."""

    def __init__(
        self,
        target: Target,
        address: Address,
        credentials: Credentials,
        log: Callable[[str, list[Any], float], None],
    ) -> None:
        self._target = target
        self.address = address
        self._credentials = credentials
        self._log = log
        self.spans = spans_of(address)
        self._plans = target.plans(address.schema)
        self._metrics = metrics.Metrics()
        self._accepted = Accepted()
        self._lane: Lane | None = None
        self.is_closed = False

    # One query

    def prepare(
        self,
        method: str,
        arguments: dict[str, Any],
        model: type[Any] | None,
        root_selection: list[str] | None,
    ) -> Query:
        """Take a query apart, without running it."""
        if method in RAW_METHODS:
            query = Query(method, None)
            query.sql = str(arguments["query"])
            given = arguments.get("parameters") or ()
            query.parameters = parameters(given, self._target.inputs.serializers)
            return query
        if model is None:
            raise ValueError(f"{method} needs a model")
        target = self._target
        if method in INSERTIONS:
            rows = lift_rows(target.inputs, target.models, method, arguments, model)
            if rows is not None:
                query = Query(method, rows[0][0])
                query.rows = rows
                return query
        return Query(
            method,
            lift(target.inputs, target.models, method, arguments, model, root_selection),
        )

    async def run(self, query: Query, transaction: str | None) -> Any:
        """The answer to one query."""
        started = time.perf_counter()
        counters = self._metrics
        counters.active += 1
        try:
            action = self._known_action(query) or await self._action(query)
            action = self._watched(action)
            return await self._on_connection(action, transaction, query)
        finally:
            counters.active -= 1
            counters.client.add(time.perf_counter() - started)

    async def run_batch(self, queries: list[Query], transaction: str | None) -> list[Any]:
        """The answers to several queries, all or nothing."""
        actions = [(await self._action(query), query.sql) for query in queries]

        def batch(connection: Connection) -> Awaitable[list[Any]]:
            settings = scope.current.get()

            async def all_of_them(session: RawSession) -> list[Any]:
                answers: list[Any] = []
                for action, raw_sql in actions:
                    # A raw statement before it may have changed the scope's settings.
                    await settle_before(connection, settings, raw_sql)
                    answers.append(await self._counted(action(session)))
                return answers

            return self._watched(lambda session: in_transaction(session, all_of_them))(connection)

        self._metrics.active += 1
        try:
            return await self._on_connection(batch, transaction)
        finally:
            self._metrics.active -= 1

    async def _counted(self, answer: Awaitable[ResultT]) -> ResultT:
        started = time.perf_counter()
        try:
            return await answer
        finally:
            self._metrics.client.add(time.perf_counter() - started)

    async def _action(self, query: Query) -> Action:
        """What to do on a connection, once the plan is there."""
        if query.lifted is None:
            return lambda connection: run_raw(connection, query)
        if query.rows is not None:
            return await self._insertion(query.rows)
        return _running(await self._program(query.lifted), query, query.lifted)

    def _known_action(self, query: Query) -> Action | None:
        """The same without a step of the event loop, if the plan is there already."""
        if query.lifted is None or query.rows is not None:
            return None
        plan = self._plans.find(query.lifted)
        return None if plan is None else _running(plan, query, query.lifted)

    async def _program(self, lifted: Lifted) -> Program:
        found = self._plans.find(lifted)
        if found is not None:
            return found
        with NOTHING if self.spans is None else self.spans.step("compile"):
            return await self._plans.compile(lifted)

    async def _insertion(self, runs: list[tuple[Lifted, list[list[Any]]]]) -> Action:
        """The insertion of many rows, by the plans of single ones."""
        parts: bulk.Runs = []
        for lifted, rows in runs:
            plan = (await self._program(lifted)).row
            if plan is None:
                raise UnknownPlanError(f"Not the plan of an insertion: {lifted.key}")
            parts.append((plan, rows))

        answer = parts[0][0].answer

        async def insert(connection: RawSession) -> Any:
            if answer is not None:
                return await bulk.insert_and_return(parts, connection, answer)
            return {"count": await bulk.insert(parts, connection)}

        if bulk.fits_one_statement(parts):
            return insert
        return lambda connection: in_transaction(connection, insert)

    def _watched(
        self, action: Callable[[RawSession], Awaitable[ResultT]]
    ) -> Callable[[Connection], Awaitable[ResultT]]:
        tagged = tags.current()
        if tagged is None and self.spans is None:
            return action
        return watched(action, tagged, self.spans)

    async def _on_connection(
        self,
        action: Callable[[Connection], Awaitable[ResultT]],
        transaction: str | None,
        query: Query | None = None,
    ) -> ResultT:
        lane = self._lane_here()
        if transaction is not None:
            raw_sql = "" if query is None else query.sql
            return await lane.transactions.run(transaction, action, raw_sql)
        settings = scope.current.get()
        pool = lane.pool
        connection = pool.take_idle(settings)
        if connection is None:
            with NOTHING if self.spans is None else self.spans.step("connection"):
                connection = await pool.acquire(setup=settings)
        try:
            try:
                if connection.held.current == settings:
                    result = await action(connection)
                else:
                    result = await self._in_scope(action, connection, settings, query)
            except OutdatedStatementError:
                # Its own transaction was taken back as a whole.
                result = await self._in_scope(action, connection, settings, query)
        except BaseException as error:
            if isinstance(error, QueryError):
                lane.give_back(connection)
            else:
                lane.recover(connection)
            raise
        lane.give_back(connection)
        return result

    async def _in_scope(
        self,
        action: Callable[[Connection], Awaitable[ResultT]],
        connection: Connection,
        settings: scope.Settings,
        query: Query | None,
    ) -> ResultT:
        if not await settle(connection, settings):
            is_one = query is not None and query.is_one_statement
            action = in_local_scope(action, settings, is_one_statement=is_one)
        return await action(connection)

    # Transactions

    async def start_transaction(
        self, max_wait: float, limit: float, isolation: str | None, outer: str | None
    ) -> str:
        transactions = self._lane_here().transactions
        if outer is not None:
            return await transactions.start_nested(outer, max_wait, limit)
        return await transactions.start(max_wait, limit, isolation)

    async def commit_transaction(self, id_: str) -> None:
        await self._lane_here().transactions.commit(id_)

    async def rollback_transaction(self, id_: str) -> None:
        await self._lane_here().transactions.rollback(id_)

    # Connections

    async def reach(self) -> None:
        """Open a connection, so that what is wrong with the database is known now."""
        pool = self._lane_here().pool
        pool.release(await pool.acquire())

    async def _open_connection(self) -> Connection:
        return await connect(await self._credentials.address(), self._on_query, self._accepted)

    def _on_query(self, sql: str, args: list[Any], seconds: float) -> None:
        self._metrics.database.add(seconds)
        self._log(sql, args, seconds)

    def _lane_here(self) -> Lane:
        """The pool of the running event loop. One of an earlier loop, or of a parent, is left."""
        lane = self._lane
        loop = asyncio.get_running_loop()
        if lane is not None and lane.loop is loop and lane.pid == os.getpid():
            return lane
        if self.is_closed:
            raise QueryError("P1017", "The client is disconnected.")
        if lane is not None and lane.pid == os.getpid():
            if lane.loop.is_running():
                raise QueryError(
                    None,
                    "The client is in use in another event loop. Connect a client of its own in"
                    " each event loop that runs at the same time.",
                )
            lane.abandon()
        self._lane = Lane(self.address, self._open_connection)
        return self._lane

    async def close(self) -> None:
        """Close the pool, within a second."""
        self.is_closed = True
        lane, self._lane = self._lane, None
        if lane is None or lane.pid != os.getpid():
            return
        if lane.loop is asyncio.get_running_loop():
            await lane.close()
        else:
            lane.abandon()

    def abandon(self) -> None:
        """Close the pool from any thread, with or without an event loop."""
        self.is_closed = True
        lane, self._lane = self._lane, None
        if lane is None or lane.pid != os.getpid():
            return
        if lane.loop.is_running():
            try:
                lane.loop.call_soon_threadsafe(lane.terminate)
            except RuntimeError:  # the loop ended in this very moment
                lane.abandon()
        else:
            lane.abandon()

    # Metrics

    def metrics_as(self, form: str, labels: dict[str, str]) -> Any:
        """The metrics in Prisma's JSON, or in Prometheus' text."""
        lane, plans, own = self._lane, self._plans.metrics, self._metrics
        pool = lane.pool if lane is not None else None
        counters: dict[str, float] = {
            "prisma_client_queries_total": own.client.count,
            "prisma_datasource_queries_total": own.database.count,
            "prisma_pool_connections_closed_total": pool.closed if pool else 0,
            "prisma_pool_connections_opened_total": pool.opened if pool else 0,
            "prisma_plan_cache_hits_total": plans.hits,
            "prisma_plan_cache_misses_total": plans.misses,
            "prisma_plan_compile_ms_total": plans.compile_seconds * 1000,
        }
        gauges: dict[str, float] = {
            "prisma_client_queries_active": own.active,
            "prisma_client_queries_wait": pool.waiting if pool else 0,
            "prisma_pool_connections_busy": pool.busy if pool else 0,
            "prisma_pool_connections_idle": pool.idle if pool else 0,
            "prisma_pool_connections_open": pool.open if pool else 0,
            "prisma_plan_cache_plans": self._plans.count,
        }
        histograms = {
            "prisma_client_queries_duration_histogram_ms": own.client,
            "prisma_client_queries_wait_histogram_ms": pool.waits if pool else metrics.Histogram(),
            "prisma_datasource_queries_duration_histogram_ms": own.database,
        }
        write = metrics.as_prometheus if form == "prometheus" else metrics.as_json
        return write(counters, gauges, histograms, labels)


def _running(plan: Program, query: Query, lifted: Lifted) -> Action:
    """Run a plan with a query's values, and note on the query whether it is one statement."""
    query.is_one_statement = plan.is_one_statement
    values = lifted.values
    return lambda connection: plan.run(values, connection)


async def run_raw(connection: RawSession, query: Query) -> Any:
    """The answer to a raw query."""
    if query.method == "execute_raw":
        return await connection.execute_raw(query.sql, query.parameters)
    columns, rows = await connection.fetch_raw(query.sql, query.parameters)
    return raw.answer(columns, rows)
