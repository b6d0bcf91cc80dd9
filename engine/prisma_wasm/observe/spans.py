"""OpenTelemetry spans: one for each operation of the client, and one for each of its statements.

Their names are those of Prisma 7, whose queries are compiled and run as here, their attributes
Prisma's and those of OpenTelemetry's conventions for PostgreSQL. Values are in none of them, and
neither are errors' messages, which may quote values.

Nothing of OpenTelemetry is imported unless the program has done so and has set a tracer provider.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from prisma_wasm.address import Address
from prisma_wasm.errors import QueryError
from prisma_wasm.observe.logs import shortened

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

ResultT = TypeVar("ResultT")
Attributes = dict[str, str | int]

NOTHING: Final[AbstractContextManager[None]] = nullcontext()

# A transaction that is never ended must not keep its span for ever.
_TRANSACTIONS_LIMIT: Final = 1_000
_TABLE: Final = re.compile(r'(?:FROM|INTO|UPDATE) (?:"(?:[^"]|"")*"\.)?"((?:[^"]|"")*)"')


class _Transaction(NamedTuple):
    """An open transaction's span, and the span in which it was begun."""

    span: Span
    outer: Span


def spans_of(address: Address) -> Spans | None:
    """The spans of a client that connects now; None if nobody records any."""
    trace: Any = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    provider = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider | trace.NoOpTracerProvider):
        return None
    return Spans(address)


class Spans:
    """The spans of one client."""

    def __init__(self, address: Address) -> None:
        from opentelemetry import trace

        self._tracer = trace.get_tracer("prisma_wasm")
        self._trace = trace
        self._database: Attributes = {
            "db.system.name": "postgresql",
            "db.namespace": f"{address.database}|{address.schema}",
        }
        if len(address.hosts) == 1:
            self._database["server.address"] = address.hosts[0]
            self._database["server.port"] = address.ports[0]
        self._transactions: dict[str, _Transaction] = {}

    def operation(
        self, method: str, model: type[Any] | None, transaction: str | None
    ) -> AbstractContextManager[object]:
        """The span of an operation of the client."""
        attributes: Attributes = {"method": method, "name": method}
        if model is not None:
            name = str(getattr(model, "__prisma_model__", model.__name__))
            attributes |= {"model": name, "name": f"{name}.{method}"}
        return self._run("operation", attributes, self._context(transaction))

    def batch(self, size: int, transaction: str | None) -> AbstractContextManager[object]:
        """The span of a batch."""
        attributes: Attributes = {"method": "batch"}
        if size > 1:
            attributes["db.operation.batch.size"] = size
        return self._run("transaction", attributes, self._context(transaction))

    def step(self, name: str) -> AbstractContextManager[object]:
        """The span of a part of the operation that is running."""
        return self._run(name, {}) if self.is_recording else NOTHING

    @property
    def is_recording(self) -> bool:
        """Whether the operation that is running has been chosen to be recorded."""
        return self._trace.get_current_span().is_recording()

    # Statements

    def statement(
        self, sql: str, *, is_callers: bool, has_values: bool
    ) -> AbstractContextManager[object]:
        """The span of a statement of the operation that is running."""
        attributes = dict(self._database)
        if not is_callers:
            attributes |= _facts(sql)
        if not is_callers or has_values:
            # What a caller wrote without parameters may have values in its text.
            attributes["db.query.text"] = shortened(sql)
        return self._run("db_query", attributes, kind=self._trace.SpanKind.CLIENT)

    def past_statement(self, sql: str, started: int) -> None:
        """The span of a statement that has run, since a moment in nanoseconds."""
        attributes = {**self._database, **_facts(sql), "db.query.text": sql}
        kind = self._trace.SpanKind.CLIENT
        name = "prisma:client:db_query"
        self._tracer.start_span(name, None, kind, attributes, start_time=started).end()

    # Interactive transactions

    async def starting(self, start: Awaitable[str], inside: str | None) -> str:
        """Await a transaction's beginning, for its id; its span ends with it."""
        outer = self._trace.get_current_span()
        span = self._tracer.start_span(
            "prisma:client:transaction", self._context(inside), attributes={"method": "tx"}
        )
        context = self._trace.set_span_in_context(span)
        try:
            with self._run("start_transaction", {}, context):
                id_ = await start
        except BaseException as error:
            _end(span, error)
            raise
        if len(self._transactions) >= _TRANSACTIONS_LIMIT:
            _end(self._transactions.pop(next(iter(self._transactions))).span)
        self._transactions[id_] = _Transaction(span, outer)
        return id_

    async def ending(self, name: str, id_: str, end: Awaitable[None]) -> None:
        """Await a transaction's commit or rollback."""
        context = self._context(id_)
        transaction = self._transactions.pop(id_, None)
        try:
            with self._run(name, {}, context):
                await end
        except BaseException as error:
            if transaction is not None:
                _end(transaction.span, error)
            raise
        if transaction is not None:
            _end(transaction.span)

    def _context(self, transaction: str | None) -> Context | None:
        """Where an operation belongs: into its transaction, unless it is in a span of its own."""
        found = None if transaction is None else self._transactions.get(transaction)
        if found is None or self._trace.get_current_span() is not found.outer:
            return None
        return self._trace.set_span_in_context(found.span)

    def _run(
        self, name: str, attributes: Attributes, context: Context | None = None, kind: Any = None
    ) -> _Running:
        kind = kind or self._trace.SpanKind.INTERNAL
        span = self._tracer.start_span(f"prisma:client:{name}", context, kind, attributes)
        return _Running(span)


class _Running:
    """A span that is the current one as long as something runs."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: Span) -> None:
        self._span = span
        self._token: Any = None

    def __enter__(self) -> None:
        from opentelemetry import context, trace

        self._token = context.attach(trace.set_span_in_context(self._span))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        from opentelemetry import context

        context.detach(self._token)
        _end(self._span, error)


def _end(span: Span, error: BaseException | None = None) -> None:
    if error is not None:
        from opentelemetry.trace import Status, StatusCode

        kind = _kind_of(error)
        span.set_status(Status(StatusCode.ERROR, kind))
        span.set_attribute("error.type", kind)
        sqlstate = getattr(error.__cause__, "sqlstate", None)
        if isinstance(sqlstate, str):
            span.set_attribute("db.response.status_code", sqlstate)
    span.end()


def _kind_of(error: BaseException) -> str:
    """Prisma's code of an error, or its class."""
    if isinstance(error, QueryError) and error.code is not None:
        return error.code
    return type(error).__name__


def _facts(sql: str) -> Attributes:
    """The operation and the table of a statement of the compiler's."""
    facts: Attributes = {"db.operation.name": sql.partition(" ")[0]}
    if table := _TABLE.search(sql):
        facts["db.collection.name"] = table[1].replace('""', '"')
    return facts
