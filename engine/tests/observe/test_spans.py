"""OpenTelemetry spans, as a program's own tracer provider records them."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler
from opentelemetry.trace import SpanContext, SpanKind, StatusCode

from prisma_wasm import tagged

OWN_STATEMENT = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"


class Switch(Sampler):
    """Samples new traces or not, as a test says."""

    def __init__(self) -> None:
        self.inner: Sampler = ALWAYS_OFF

    def should_sample(self, *args: Any, **kwargs: Any) -> Any:
        return self.inner.should_sample(*args, **kwargs)

    def get_description(self) -> str:
        return "switch"


class Recorded:
    """What was recorded, oldest first."""

    def __init__(self, exporter: InMemorySpanExporter, switch: Switch) -> None:
        self._exporter = exporter
        self.switch = switch

    @property
    def spans(self) -> list[ReadableSpan]:
        return sorted(self._exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def tree(self) -> Any:
        """The names of all spans, below those that they belong to."""

        def below(parent: int | None) -> list[Any]:
            found: list[Any] = []
            for span in self.spans:
                if (span.parent.span_id if span.parent else None) == parent:
                    assert span.context is not None
                    children = below(span.context.span_id)
                    name = span.name.removeprefix("prisma:client:")
                    found.append({name: children} if children else name)
            return found

        return below(None)

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == f"prisma:client:{name}"]

    def parents(self, name: str) -> list[SpanContext | None]:
        """What the spans of this name belong to, each once."""
        found: list[SpanContext | None] = []
        for span in self.named(name):
            if span.parent not in found:
                found.append(span.parent)
        return found

    def one(self, name: str) -> ReadableSpan:
        (span,) = self.named(name)
        return span

    def clear(self) -> None:
        self._exporter.clear()


@pytest.fixture(scope="session")
def provider() -> tuple[InMemorySpanExporter, Switch]:
    """The process's tracer provider; it can't be taken back, but records nothing between tests."""
    exporter, switch = InMemorySpanExporter(), Switch()
    provider = TracerProvider(sampler=ParentBased(switch))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter, switch


@pytest.fixture
def recorded(provider: tuple[InMemorySpanExporter, Switch]) -> Iterator[Recorded]:
    """What this test recorded."""
    exporter, switch = provider
    exporter.clear()
    switch.inner = ALWAYS_ON
    yield Recorded(exporter, switch)
    switch.inner = ALWAYS_OFF


@pytest_asyncio.fixture
async def traced(package: Any, url: str, recorded: Recorded) -> AsyncIterator[Any]:
    """A client that connected when the provider was set, and has compiled nothing yet."""
    async with package.Prisma(datasource={"url": f"{url}&schema=public"}) as client:
        recorded.clear()
        yield client


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110  # what the server does sets no event
            await asyncio.sleep(0.01)


async def somebody_waits(client: Any) -> bool:
    gauges = (await client.get_metrics()).gauges
    return any(gauge.key == "prisma_client_queries_wait" and gauge.value for gauge in gauges)


async def somebody_sleeps(client: Any) -> bool:
    return bool(
        await client.query_raw(
            "SELECT 1 FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event = 'PgSleep'"
        )
    )


def facts(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


async def test_an_operation(traced: Any, recorded: Recorded) -> None:
    """A query is a span with its statement in it, by Prisma's and OpenTelemetry's names."""
    await traced.user.count()
    recorded.clear()
    await traced.user.count()

    assert recorded.tree() == [{"operation": ["db_query"]}]
    operation, statement = recorded.one("operation"), recorded.one("db_query")
    assert facts(operation) == {"method": "count", "model": "User", "name": "User.count"}
    assert operation.kind is SpanKind.INTERNAL
    assert statement.kind is SpanKind.CLIENT
    found = facts(statement)
    assert found["db.system.name"] == "postgresql"
    assert found["db.namespace"].endswith("|public")
    assert found["server.address"] == "127.0.0.1"
    assert found["server.port"] > 0
    assert found["db.operation.name"] == "SELECT"
    assert found["db.collection.name"] == "User"
    assert found["db.query.text"].startswith("SELECT COUNT(*)")
    assert operation.status.status_code is statement.status.status_code is StatusCode.UNSET


async def test_the_first_query_of_a_shape(traced: Any, recorded: Recorded) -> None:
    """Compiling is a part of the operation that had to wait for it."""
    where = {"AND": [{"age": {"gt": 1}}, {"age": {"lt": 3}}, {"email": {"endswith": "spans"}}]}
    await traced.user.find_many(where=where)
    await traced.user.find_many(where=where)

    assert recorded.tree() == [{"operation": ["compile", "db_query"]}, {"operation": ["db_query"]}]


async def test_it_belongs_to_the_current_span(traced: Any, recorded: Recorded) -> None:
    """The parent is the caller's span, each of concurrent tasks its own."""
    tracer = trace.get_tracer("caller")
    await traced.team.count()
    recorded.clear()

    async def request(number: int) -> None:
        with tracer.start_as_current_span(f"request {number}"):
            await traced.team.count()

    await asyncio.gather(*[request(number) for number in range(3)])

    names = [{f"request {number}": [{"operation": ["db_query"]}]} for number in range(3)]
    tree = json.dumps(recorded.tree()).replace('"connection", ', "")
    assert json.loads(tree) == names


async def test_waiting_for_a_connection(package: Any, url: str, recorded: Recorded) -> None:
    """A query that finds no idle connection has a span for the wait."""
    async with package.Prisma(datasource={"url": f"{url}&connection_limit=1"}) as client:
        async with client.tx() as tx:
            recorded.clear()
            waiting = asyncio.create_task(client.query_raw("SELECT 1"))
            await until(partial(somebody_waits, client))
            await tx.query_raw("SELECT 2")
        await waiting
    operation = next(span for span in recorded.spans if span.name == "prisma:client:operation")
    assert recorded.parents("connection") == [operation.context]


async def test_relations_and_writes(traced: Any, recorded: Recorded) -> None:
    """Every statement has a span, also those of the operation's own transaction."""
    await traced.team.create(data={"name": "spans", "users": {"create": {"email": "spans@x"}}})

    statements = [facts(span) for span in recorded.named("db_query")]
    names = [found["db.operation.name"] for found in statements]
    assert names[0] == "BEGIN"
    assert names[-1] == "COMMIT"
    inserted = [
        found["db.collection.name"]
        for found in statements
        if found["db.operation.name"] == "INSERT"
    ]
    assert inserted == ["Team", "User"]
    assert recorded.parents("db_query") == [recorded.one("operation").context]


async def test_batches(traced: Any, recorded: Recorded) -> None:
    """A batch is one span with its size."""
    async with traced.batch_() as batch:
        batch.user.delete_many(where={"email": "nobody"})
        batch.team.delete_many(where={"name": "nobody"})

    (span,) = recorded.named("transaction")
    assert facts(span) == {"method": "batch", "db.operation.batch.size": 2}
    assert recorded.parents("db_query") == [span.context]
    assert len(recorded.named("db_query")) == 4


async def test_transactions(traced: Any, recorded: Recorded) -> None:
    """A transaction is a span around its beginning, its operations and its end."""
    tracer = trace.get_tracer("caller")
    await traced.user.count()
    recorded.clear()
    with tracer.start_as_current_span("request"):
        async with traced.tx() as tx:
            await tx.user.count()
            with tracer.start_as_current_span("own"):
                await tx.user.count()

    operation = {"operation": ["db_query"]}
    inside = {"transaction": ["start_transaction", operation, "commit_transaction"]}
    assert recorded.tree() == [{"request": [inside, {"own": [operation]}]}]
    assert recorded.one("transaction").status.status_code is StatusCode.UNSET


@pytest.mark.filterwarnings("ignore:The current client is already in a transaction")
async def test_nested_transactions(traced: Any, recorded: Recorded) -> None:
    """A transaction inside of another is a span inside of the other's."""
    await traced.user.count()
    recorded.clear()
    async with traced.tx() as tx, tx.tx() as inner:
        await inner.user.count()

    ends = ["start_transaction", {"operation": ["db_query"]}, "commit_transaction"]
    outer = ["start_transaction", {"transaction": ends}, "commit_transaction"]
    assert recorded.tree() == [{"transaction": outer}]


async def test_transactions_that_fail(traced: Any, recorded: Recorded, package: Any) -> None:
    """A rolled back transaction is no error of the database's, one that cannot begin is."""
    with pytest.raises(KeyError):
        async with traced.tx():
            raise KeyError
    assert recorded.tree() == [{"transaction": ["start_transaction", "rollback_transaction"]}]
    assert recorded.one("transaction").status.status_code is StatusCode.UNSET

    recorded.clear()
    transaction = traced.tx()
    await transaction.start()
    await transaction.commit()
    with pytest.raises(package.errors.PrismaError):
        await transaction.commit()
    failed = recorded.named("commit_transaction")[-1]
    assert facts(failed)["error.type"] == "P2028"


async def test_errors(traced: Any, recorded: Recorded, package: Any) -> None:
    """What fails says so, with Prisma's code and the server's, and without values."""
    await traced.team.create(data={"name": "secret"})
    recorded.clear()
    with pytest.raises(package.errors.UniqueViolationError):
        await traced.team.create(data={"name": "secret"})
    with pytest.raises(package.errors.RawQueryError):
        await traced.query_raw("SELECT $1::text::int", "secret")

    operations = recorded.named("operation")
    assert [facts(span)["error.type"] for span in operations] == ["P2002", "P2010"]
    failed = [span for span in recorded.spans if span.status.status_code is StatusCode.ERROR]
    statements = [facts(span) for span in failed if span.name.endswith("db_query")]
    assert [found["db.response.status_code"] for found in statements] == ["23505", "22P02"]
    assert len(failed) == 4
    assert "secret" not in "".join(span.to_json() for span in recorded.spans)


async def test_cancellation(traced: Any, recorded: Recorded) -> None:
    """A cancelled query ends its spans as errors."""
    task = asyncio.create_task(traced.query_raw("SELECT pg_sleep(60)::text"))
    await until(partial(somebody_sleeps, traced))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    failed = [span for span in recorded.spans if facts(span).get("error.type") == "CancelledError"]
    assert [span.name for span in failed] == ["prisma:client:operation", "prisma:client:db_query"]


async def test_raw_queries(traced: Any, recorded: Recorded) -> None:
    """A caller's text is recorded where its values are parameters; else it may hold them."""
    await traced.query_raw("SELECT $1::int AS n", 4711)
    await traced.execute_raw("SELECT 4711")

    first, second = [facts(span) for span in recorded.named("db_query")]
    assert first["db.query.text"] == "SELECT $1::int AS n"
    assert "db.query.text" not in second
    assert [facts(span)["name"] for span in recorded.named("operation")] == [
        "query_raw",
        "execute_raw",
    ]


async def test_traces_that_are_not_sampled(traced: Any, recorded: Recorded) -> None:
    """A trace that nobody records costs its statements no spans, and its callers nothing."""
    recorded.switch.inner = ALWAYS_OFF
    assert await traced.team.count() >= 0
    async with traced.tx() as tx:
        await tx.team.count()

    assert recorded.spans == []


async def test_traceparent(traced: Any, recorded: Recorded) -> None:
    """A tag says where in the trace a statement is: in its own span."""
    with tagged(traceparent=True, route="/a", zone="z"):
        text = (await traced.query_first(OWN_STATEMENT))["query"]

    context = recorded.one("db_query").context
    assert context is not None
    position = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
    assert text.endswith(f" /*route='%2Fa',traceparent='{position}',zone='z'*/")
    assert "/*" not in facts(recorded.one("db_query")).get("db.query.text", "")


async def test_without_a_provider(
    package: Any, url: str, recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client of a program that does not use OpenTelemetry has no spans and no traceparent."""
    with monkeypatch.context() as patched:
        patched.delitem(sys.modules, "opentelemetry.trace")
        client = package.Prisma(datasource={"url": url})
        await client.connect()
    with tagged(traceparent=True):
        assert await client.query_first(OWN_STATEMENT) == {"query": OWN_STATEMENT}
    await client.disconnect()
    assert recorded.spans == []


def test_nothing_is_imported_that_is_not_used(package: Any) -> None:
    """The client does not load OpenTelemetry by itself."""
    program = f"import sys, {package.__name__}; sys.exit('opentelemetry' in sys.modules)"
    folders = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": folders}, timeout=60
    )
    assert done.returncode == 0
