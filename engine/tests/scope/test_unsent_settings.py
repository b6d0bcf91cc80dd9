"""What precedes a statement in its message reaches the server, or the query fails.

The engine adds BEGIN, COMMIT and a scope's settings to what asyncpg writes. A version of asyncpg
that sends a statement in another way would run it with the settings of the connection's last user.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from prisma_wasm import asyncpg_internals
from prisma_wasm.wire import Wire

from .acting import as_user, assert_nothing_leaks, owners, pid
from .conftest import Connect

Write = Callable[[Wire, Any], None]

_REFUSAL = r"asyncpg .* is not supported"


def _by_writelines(wire: Wire, data: Any) -> None:
    """Send a message in parts, as asyncpg's `executemany` does."""
    view = memoryview(data)
    wire.writelines([view[:4], view[4:]])


def _past_the_wire(wire: Wire, data: Any) -> None:
    """Send a message without what is to precede it."""
    wire.transport.write(data)


def _past_the_wire_in_parts(wire: Wire, data: Any) -> None:
    wire.transport.writelines([data])


@pytest.mark.parametrize("mode", ["true"])
async def test_a_driver_that_writes_lines(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`writelines` carries the settings, BEGIN and COMMIT as `write` does."""
    await assert_nothing_leaks(db)
    monkeypatch.setattr(Wire, "write", _writelines_once())
    await assert_nothing_leaks(db)
    with as_user("ada"):
        async with db.tx() as tx:
            await tx.note.update_many(where={}, data={"mood": "CROSS"})
        assert await db.note.count(where={"mood": "CROSS"}) == 2
    await assert_nothing_leaks(db)


def _writelines_once() -> Write:
    write = Wire.write
    is_inside = False

    def changed(wire: Wire, data: Any) -> None:
        nonlocal is_inside
        if is_inside:
            write(wire, data)
            return
        is_inside = True
        try:
            _by_writelines(wire, data)
        finally:
            is_inside = False

    return changed


@pytest.mark.parametrize("way", [_past_the_wire, _past_the_wire_in_parts])
async def test_a_driver_that_bypasses_the_wire(
    db: Any, monkeypatch: pytest.MonkeyPatch, way: Write
) -> None:
    """The query fails, shows no other user's rows, and its connection is not used again."""
    with as_user("ada"):
        assert await owners(db) == ["ada"]
    before = await pid(db)
    with as_user("ben"):
        await owners(db)  # its statements are prepared
    with as_user("ada"):
        await owners(db)
    with monkeypatch.context() as patch:
        patch.setattr(Wire, "write", way)
        with as_user("ben"), pytest.raises(Exception, match=_REFUSAL):
            await owners(db)
    assert await pid(db) != before
    await assert_nothing_leaks(db)


@pytest.mark.parametrize("way", [_past_the_wire, _past_the_wire_in_parts])
async def test_a_statement_that_fails_without_its_settings(
    db: Any, monkeypatch: pytest.MonkeyPatch, way: Write
) -> None:
    """The server's answer to a statement that came alone is no reason to keep the connection."""
    query = 'SELECT 1 / (count(*) - 2) FROM "Note"'
    with as_user(None):
        await db.query_raw(query)  # no row without a user: -1
    before = await pid(db)
    with as_user("ada"):
        await owners(db)
    with monkeypatch.context() as patch:
        patch.setattr(Wire, "write", way)
        with as_user("ben"), pytest.raises(Exception, match=_REFUSAL):
            await db.query_raw(query)
    assert await pid(db) != before
    await assert_nothing_leaks(db)


@pytest.mark.parametrize("way", [_past_the_wire, _past_the_wire_in_parts])
async def test_a_transaction_that_never_began(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, way: Write
) -> None:
    """A statement of a transaction that the server never began is an error."""
    db = await connect(connection_limit=1)
    with as_user("ada"):
        await owners(db)
        async with db.tx() as tx:
            await owners(tx)
        with monkeypatch.context() as patch:
            patch.setattr(Wire, "write", way)
            with pytest.raises(Exception, match=_REFUSAL):
                async with db.tx() as tx:
                    await owners(tx)
    await assert_nothing_leaks(db)


async def test_connecting_with_such_a_driver(
    prisma: Any, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`connect()` names the version, before any statement of the application runs."""
    monkeypatch.setattr(asyncpg_internals, "_tried", set[str]())
    monkeypatch.setattr(Wire, "write", _past_the_wire)
    with pytest.raises(prisma.engine.errors.EngineConnectionError, match=f"engine: {_REFUSAL}"):
        await connect()


@pytest.mark.parametrize("name", ["write_eof", "sendfile", "send_anything"])
def test_other_ways_to_send(name: str) -> None:
    """No method of the transport that sends something is reached past the wire."""

    class Transport:
        def write(self, data: bytes) -> None: ...

        def __getattr__(self, name: str) -> Callable[[], None]:
            return lambda: None

    transport: Any = Transport()
    wire = Wire(transport)
    wire.abort()
    with pytest.raises(AttributeError, match=name):
        getattr(wire, name)


def test_lines_are_one_message() -> None:
    """Parts that a driver writes at once stay one message, surrounded as one."""
    written: list[bytes] = []

    class Transport:
        def write(self, data: bytes) -> None:
            written.append(bytes(data))

        def writelines(self, data: Iterable[bytes]) -> None:
            written.append(b"".join(data))

    transport: Any = Transport()
    wire = Wire(transport)
    wire.ahead, wire.after = b"ahead ", b" after"
    wire.writelines([b"bind", b" execute", b"S\0\0\0\x04"])
    assert b"".join(written) == b"ahead bind execute afterS\0\0\0\x04"
    assert not wire.forget()
