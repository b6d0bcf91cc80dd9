"""What clients write to the server, message by message."""

from typing import Any

import pytest

from prisma_wasm.wire import Wire


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is written to the server."""
    written: list[bytes] = []
    write = Wire.write

    def noting(self: Wire, data: Any) -> None:
        written.append(bytes(data))
        write(self, data)

    monkeypatch.setattr(Wire, "write", noting)
    return written
