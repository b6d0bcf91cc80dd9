"""The compiler's instance: replaced after anything that it did not finish, and never by a leak."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fix_client import GenerateClient
from wasmtime import WasmtimeError

from prisma_wasm.compiler import CompileError, Compiler, CompilerPanicError
from prisma_wasm.compiler.host import Host, ModuleError
from prisma_wasm.compiler.instances import Instances
from prisma_wasm.errors import QueryError
from prisma_wasm.plans import Plans

from .test_shape import SCHEMA, lifted_of

_QUERY: dict[str, Any] = {
    "modelName": "User",
    "action": "findMany",
    "query": {"arguments": {}, "selection": {"id": True}},
}
_CONFORMANCE = Path(__file__).parents[1] / "conformance" / "schema.prisma"


class Hosts:
    """Every instance that was made, whether it was closed, and what shall go wrong in the next."""

    def __init__(self) -> None:
        self.made: list[Host] = []
        self.closed: list[Host] = []
        self.fault: BaseException | None = None

    @property
    def open(self) -> list[Host]:
        """Those that were not closed."""
        return [host for host in self.made if host not in self.closed]


@pytest.fixture(scope="session")
def wasm(generate_client: GenerateClient) -> Path:
    """The query compiler's module."""
    generated = generate_client(_CONFORMANCE)
    return generated.folder / generated.name / "query_compiler.wasm"


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Hosts:
    """Record instances; raise `fault` once, in a call of the module, at a moment of its choice."""
    seen = Hosts()
    init: Callable[..., None] = Host.__init__
    close: Callable[..., None] = Host.close
    text: Callable[..., str] = Host._text  # pyright: ignore[reportPrivateUsage]

    def noting_init(self: Host, *args: Any) -> None:
        init(self, *args)
        seen.made.append(self)

    def noting_close(self: Host) -> None:
        seen.closed.append(self)
        close(self)

    def failing_text(self: Host, *args: int) -> str:
        # The module calls back for every text of a plan: the fault comes in the middle of one.
        if seen.fault is not None:
            fault, seen.fault = seen.fault, None
            raise fault
        return text(self, *args)

    monkeypatch.setattr(Host, "__init__", noting_init)
    monkeypatch.setattr(Host, "close", noting_close)
    monkeypatch.setattr(Host, "_text", failing_text)
    return seen


def _compiler(wasm: Path, schema: str = SCHEMA) -> Compiler:
    """A compiler whose instance is closed by nothing but itself."""
    return Compiler(wasm, schema, instances=Instances())


FAULTS = [
    ModuleError("the module threw this"),
    WasmtimeError("wasm trap: unreachable"),
    KeyError("no such property"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    MemoryError("no room"),
    RecursionError("too deep"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_an_unfinished_call_ends_the_instance(
    wasm: Path, hosts: Hosts, fault: BaseException
) -> None:
    """Whatever ends a call before its answer leaves the module's memory half written.

    The instance is closed and never asked again; the next query is compiled by a new one.
    """
    compiler = _compiler(wasm)
    plan = compiler.compile(_QUERY)
    hosts.fault = fault
    with pytest.raises(CompilerPanicError) as caught:
        compiler.compile(_QUERY)
    assert caught.value.__cause__ is fault
    assert hosts.closed == hosts.made
    assert compiler.compile(_QUERY) == plan
    assert len(hosts.made) == 2
    assert hosts.closed == hosts.made[:1]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), SystemExit()])
def test_an_interruption_ends_the_instance_and_is_raised(
    wasm: Path, hosts: Hosts, interruption: BaseException
) -> None:
    """What ends the program is no error of the compiler's, but the instance is not used again."""
    compiler = _compiler(wasm)
    compiler.compile(_QUERY)
    hosts.fault = interruption
    with pytest.raises(type(interruption)):
        compiler.compile(_QUERY)
    assert hosts.closed == hosts.made
    assert compiler.compile(_QUERY)


def test_an_instance_that_does_not_start_is_closed(wasm: Path, hosts: Hosts) -> None:
    """A schema that is refused, or a fault at the start, leaves no instance behind."""
    with pytest.raises(CompileError):
        _compiler(wasm, "model Broken {").compile(_QUERY)
    hosts.fault = ModuleError("not today")
    with pytest.raises(CompilerPanicError):
        _compiler(wasm).compile(_QUERY)
    assert len(hosts.made) == 2
    assert hosts.closed == hosts.made


def test_a_refused_query_keeps_the_instance(wasm: Path, hosts: Hosts) -> None:
    """A query that the compiler refuses is an answer like any other."""
    compiler = _compiler(wasm)
    for _ in range(3):
        with pytest.raises(CompileError):
            compiler.compile({**_QUERY, "modelName": "Nobody"})
    assert compiler.compile(_QUERY)
    assert (len(hosts.made), hosts.closed) == (1, [])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
async def test_callers_get_the_clients_error(
    wasm: Path, hosts: Hosts, fault: BaseException
) -> None:
    """The client knows only `QueryError`; no exception of the module's reaches its callers."""
    plans = Plans(_compiler(wasm))
    await plans.compile(lifted_of("find_many", where={"id": 1}))
    hosts.fault = fault
    with pytest.raises(QueryError, match="query compiler"):
        await plans.compile(lifted_of("find_many"))
    assert await plans.compile(lifted_of("find_many"))


def test_memory_has_a_limit(wasm: Path, hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query that needs too much memory ends its instance, not the process."""
    monkeypatch.setattr("prisma_wasm.compiler.host._MOST_MEMORY", 3 * 2**20)
    compiler = _compiler(wasm)
    compiler.compile(_QUERY)
    where = {"OR": [{"id": number} for number in range(2_000)]}
    huge = {"arguments": {"where": where}, "selection": {"id": True}}
    with pytest.raises(CompilerPanicError):
        compiler.compile({**_QUERY, "query": huge})
    assert hosts.open == []
    assert compiler.compile(_QUERY)
