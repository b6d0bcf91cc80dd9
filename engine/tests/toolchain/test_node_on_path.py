"""Whether the machine's own Node.js is enough, so that none has to be installed."""

from pathlib import Path

import pytest

from prisma_wasm.toolchain import node


@pytest.mark.parametrize(
    ("version", "programs", "is_complete"),
    [
        ("v20.20.2", ["node", "npm"], True),
        ("v18.18.0", ["node", "npm"], True),
        ("v18.17.1", ["node", "npm"], False),
        ("v20.20.2", ["node"], False),
        ("nonsense", ["node", "npm"], False),
        ("", ["npm"], False),
    ],
)
def test_node_is_complete_with_npm_and_a_supported_version(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    programs: list[str],
    is_complete: bool,
) -> None:
    """Debian's Node comes without npm; before 18.18 Prisma's CLI does not start."""
    for name in programs:
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert node.is_complete_on_path() is is_complete
