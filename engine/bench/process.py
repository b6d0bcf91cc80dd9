"""What the engine takes of a process: memory with 200 plans, a cold first query, a large client."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 5
LIMIT = 120
MODELS = 97

# Each prints one number; a process of its own runs it, with the database's URL as its argument.
MEMORY = """
import asyncio, sys, psutil
from bench._client import Prisma
def used(): return psutil.Process().memory_info().rss / 2**20
async def main():
    before = used()
    client = Prisma(datasource={"url": sys.argv[1]})
    await client.connect()
    fields = ["id", "email", "name", "age"]
    for n in range(200):
        chosen = {name: {"not": 1 if name in ("id", "age") else "x"}
                  for place, name in enumerate(fields) if n >> place & 1}
        order = [{name: "asc" if n >> place & 16 else "desc"}
                 for place, name in enumerate(fields)]
        include = {"books": True} if n % 3 == 0 else None
        await client.author.find_many(where=chosen, order=order, take=1, include=include)
    metrics = await client.get_metrics()
    plans = [m.value for m in metrics.gauges if m.key == "prisma_plan_cache_plans"]
    assert plans == [200], plans
    print(used() - before)
    await client.disconnect()
asyncio.run(main())
"""
COLD = """
import asyncio, sys, time
from bench._client import Prisma
begin = time.perf_counter()
async def main():
    client = Prisma(datasource={"url": sys.argv[1]})
    await client.connect()
    await client.author.find_unique(where={"id": 1})
    print((time.perf_counter() - begin) * 1000)
    await client.disconnect()
asyncio.run(main())
"""
IMPORT_TIME = """
import time
begin = time.perf_counter()
import large
print(time.perf_counter() - begin)
"""
IMPORT_MEMORY = """
import psutil
import large
print(psutil.Process().memory_info().rss / 2**20)
"""


@dataclass
class Figure:
    """One number, and what it may be at the most."""

    name: str
    target: float
    unit: str
    code: str
    folder: Path


def measure(url: str, prisma: Callable[..., None]) -> int:
    """Print a line for each figure; how many miss their aim."""
    here = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        schema = folder / "schema.prisma"
        schema.write_text(large_schema(), encoding="utf-8")
        prisma("generate", "--schema", str(schema), url=url)
        figures = [
            Figure("engine with 200 plans", 80, "MB", MEMORY, here),
            Figure("cold first query", 150, "ms", COLD, here),
            Figure(f"import of {MODELS} models", 1, "s", IMPORT_TIME, folder),
            Figure("the process after it", 100, "MB", IMPORT_MEMORY, folder),
        ]
        print(f"\n{'process':28} {'median':>9} {'least':>9} {'aim':>8}")
        return sum([show(figure, url) for figure in figures])


def show(figure: Figure, url: str) -> int:
    """Print one line; 1 if the aim is missed."""
    taken = sorted(run(figure, url) for _ in range(ROUNDS))
    median = taken[ROUNDS // 2]
    digits = 2 if figure.target < 10 else 0
    print(
        f"{figure.name:28} {median:7.{digits}f}{figure.unit:2} {taken[0]:7.{digits}f}{figure.unit:2}"
        f" {figure.target:6.0f}{figure.unit:2}{'' if median <= figure.target else '  missed'}",
        flush=True,
    )
    return int(median > figure.target)


def run(figure: Figure, url: str) -> float:
    done = subprocess.run(  # noqa: S603  # this interpreter
        [sys.executable, "-c", figure.code, url],
        cwd=figure.folder,
        env={**os.environ, "PYTHONPATH": str(figure.folder), "DATABASE_URL": url},
        check=True,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    return float(done.stdout)


def large_schema() -> str:
    """Many models: hubs, and a dozen around each of them that are related to it."""
    models: list[str] = []
    for number in range(MODELS):
        hub = number - number % 12
        if number == hub:
            around = range(number + 1, min(number + 12, MODELS))
            related = "".join(f"  m{other} M{other}[]\n" for other in around)
        else:
            related = f"  hub M{hub}? @relation(fields: [hubId], references: [id])\n  hubId Int?\n"
        fields = "  id Int @id\n  name String\n  flags Json?\n  at DateTime?\n"
        models.append(f"model M{number} {{\n{fields}{related}}}\n")
    return (
        'generator client {\n  provider = "prisma-client-py"\n  interface = "asyncio"\n'
        '  recursive_type_depth = -1\n  output = "large"\n}\n'
        'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n'
    ) + "\n".join(models)
