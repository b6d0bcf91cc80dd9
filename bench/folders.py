"""The folders of the benchmarks: sources, working files and results."""

from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
WORK = ROOT / ".data" / "bench"
NODE = BENCH / "servers" / "node"
SCHEMA = BENCH / "servers" / "schema.prisma"
DOCS = ROOT / "docs"


def work(name: str) -> Path:
    """Return a folder for the benchmarks' working files; create it if it is missing."""
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
