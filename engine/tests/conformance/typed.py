"""What a type checker makes of a source: each line says what it is to find there."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from fix_client import Generated

_LIMIT = 300


def check_types(sources: list[str], generated: Generated, folder: Path) -> None:
    """Pyright, strict, finds in each line what its comment says, and nothing anywhere else.

    `# error` is any error, anything else the text of a `reveal_type`. PACKAGE is the client.
    """
    lines: dict[tuple[str, int], str] = {}
    for position, source in enumerate(sources):
        name = f"sample_{position}.py"
        text = source.replace("PACKAGE", generated.name)
        (folder / name).write_text(text)
        lines |= {(name, number): line for number, line in enumerate(text.splitlines())}
    said = findings(folder, extraPaths=[str(generated.folder)])
    for place, line in lines.items():
        _code, _, wanted = line.partition("  # ")
        found = said.get(place, "")
        assert bool(found) == bool(wanted), (line, found)
        assert wanted in found, (line, found)


def findings(folder: Path, **settings: Any) -> dict[tuple[str, int], str]:
    """What pyright, strict, says of the files in a folder, by file and line."""
    text = json.dumps({"typeCheckingMode": "strict", **settings})
    (folder / "pyrightconfig.json").write_text(text)
    command = [
        sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", ".",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_LIMIT, check=False
    )
    said: dict[tuple[str, int], str] = {}
    diagnostics: list[Any] = json.loads(done.stdout)["generalDiagnostics"]
    for item in diagnostics:
        place = Path(item["file"]).name, int(item["range"]["start"]["line"])
        kind = "" if item["severity"] == "information" else "error: "
        said[place] = f"{said.get(place, '')}{kind}{item['message']} "
    return said
