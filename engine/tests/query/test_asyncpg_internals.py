"""A version of asyncpg that is not as the engine knows it is named at the first connection."""

import re
import tomllib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # asyncpg has none
import pytest
from asyncpg import protocol  # pyright: ignore[reportMissingTypeStubs]  # asyncpg has none

from prisma_wasm import asyncpg_internals as internals
from prisma_wasm.address import parse
from prisma_wasm.dial import dial
from prisma_wasm.errors import QueryError
from prisma_wasm.wire import Wire

_ENGINE = Path(internals.__file__).parent.parent
_VERSION: str = internals._VERSION  # pyright: ignore[reportPrivateUsage]


@pytest.fixture(autouse=True)
async def first(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Each test's first connection is checked as the first of a process."""
    monkeypatch.setattr(internals, "_tried", set[str]())
    internals._check_classes.cache_clear()  # pyright: ignore[reportPrivateUsage]
    yield
    internals._check_classes.cache_clear()  # pyright: ignore[reportPrivateUsage]


class _Renamed:
    """Stands for a module of asyncpg whose class lacks a name."""

    def __init__(self, module: Any, class_: str, missing: str) -> None:
        self._module = module
        real: Any = getattr(module, class_)
        names = {name for name in dir(real) if name != missing and not name.startswith("__")}
        setattr(self, class_, type(class_, (), dict.fromkeys(names)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


@pytest.mark.parametrize(
    ("module", "class_", "name"),
    [
        ("asyncpg", "Connection", "_transport"),
        ("asyncpg", "Connection", "_protocol"),
        ("asyncpg", "Connection", "_loop"),
        ("asyncpg", "Connection", "_aborted"),
        ("prepared_stmt", "PreparedStatement", "_state"),
        ("prepared_stmt", "PreparedStatement", "_connection"),
        ("protocol", "Protocol", "bind_execute"),
    ],
)
async def test_a_renamed_internal(
    database: str, monkeypatch: pytest.MonkeyPatch, module: str, class_: str, name: str
) -> None:
    """What is missing is named before anything is sent, and which versions to install."""
    monkeypatch.setattr(internals, module, _Renamed(getattr(internals, module), class_, name))
    with pytest.raises(QueryError) as caught:
        await dial(parse(database))
    assert caught.value.message == (
        f"asyncpg {_VERSION} is not supported by this version of prisma-wasm: its {class_} has no"
        f" `{name}`. Install {internals.SUPPORTED}."
    )


def _takes_more(self: Any, state: Any, args: Any, portal_name: str, extra: int) -> None: ...


async def test_other_parameters(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that takes other arguments is noticed before it is called."""
    renamed = _Renamed(protocol, "Protocol", "")
    renamed.Protocol.bind_execute = _takes_more  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setattr(internals, "protocol", renamed)
    with pytest.raises(QueryError, match="`bind_execute` takes self, state, args, portal_name"):
        await dial(parse(database))


def _another_answer(statement: Any) -> Callable[[Any], Any]:
    async def run(values: Any) -> Any:
        return await statement.fetch()

    return run


def _past_the_wire(wire: Wire, data: Any) -> None:
    wire.transport.write(data)


def _no_wires(loop: Any, protocol: Any) -> Any:
    return loop


_BEHAVIOURS: list[tuple[Any, str, Callable[..., Any], str]] = [
    (internals, "execution", _another_answer, "`bind_execute` answers"),
    (Wire, "write", _past_the_wire, "its transport's `write`"),
    (internals, "WiredLoop", _no_wires, "writes to a _SelectorSocketTrans"),
]


@pytest.mark.parametrize(("target", "name", "value", "said"), _BEHAVIOURS)
async def test_another_behaviour(
    database: str, monkeypatch: pytest.MonkeyPatch, target: Any, name: str, value: Any, said: str
) -> None:
    """A statement that does not run as expected ends the first connection, which is closed."""
    monkeypatch.setattr(target, name, value)
    with pytest.raises(QueryError, match=re.escape(said)):
        await dial(parse(database))


async def test_the_check_is_made_once(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Later connections of the process send nothing for it."""
    prepared: list[str] = []
    connection: Any = asyncpg.Connection
    prepare = connection.prepare

    async def counted(self: Any, query: str, **options: Any) -> Any:
        prepared.append(query)
        return await prepare(self, query, **options)

    monkeypatch.setattr(connection, "prepare", counted)
    for _ in range(3):
        raw = await dial(parse(database))
        await raw.close(timeout=5)
    assert prepared == ["SELECT 1"]


def test_supported_versions_are_those_of_the_package() -> None:
    """The error names the range that pip installs."""
    project = tomllib.loads((_ENGINE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert internals.SUPPORTED in project["dependencies"]


def test_no_other_module_reaches_into_asyncpg() -> None:
    """Private names of asyncpg's, and `getattr` for them, are in one module."""
    private = re.compile(
        r"\braw\._|\b_raw\._|getattr\((?:raw|self\._raw|connection|statement)\b"
        r"|from asyncpg(?!_internals)\S* import (?!exceptions)|\._protocol\b\.|import asyncpg\."
    )
    found = [
        f"{path.name}: {line.strip()}"
        for path in sorted(_ENGINE.glob("prisma_wasm/**/*.py"))
        if path.name != "asyncpg_internals.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if private.search(line)
    ]
    assert found == []
