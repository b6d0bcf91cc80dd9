"""What the engine's objects refer to: whether a value of a query outlives it."""

import gc
from collections.abc import Iterator
from typing import Any


def reachable(root: Any) -> Iterator[Any]:
    """Yield every object that the engine reaches from this one, also through closures."""
    seen: set[int] = set()
    waiting: list[Any] = [root]
    while waiting:
        current = waiting.pop()
        if id(current) in seen or isinstance(current, type):
            continue
        seen.add(id(current))
        yield current
        module = type(current).__module__
        if isinstance(current, dict | list | tuple | set) or module.startswith("prisma_wasm"):
            waiting.extend(gc.get_referents(current))
        elif cells := getattr(current, "__closure__", None):
            waiting.extend(cell.cell_contents for cell in cells if _is_full(cell))


def _is_full(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False
