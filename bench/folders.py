"""Where the benchmarks keep what is not in the repository, and where the results go."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = ROOT / ".data" / "bench"
NODE = HERE / "servers" / "node"
SCHEMA = HERE / "servers" / "schema.prisma"
DOCS = ROOT / "docs"


def work(name: str) -> Path:
    """A folder of that name for files of the benchmarks' own."""
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
