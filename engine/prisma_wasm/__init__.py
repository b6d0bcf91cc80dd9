"""Prisma Client Python on PostgreSQL without engine binaries."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prisma_wasm.exact import exact_decimals
    from prisma_wasm.observe.tags import tagged
    from prisma_wasm.scope import scoped
    from prisma_wasm.streaming import stream

__all__ = ["exact_decimals", "scoped", "stream", "tagged"]

# Loaded at first use: every `import prisma`, and every `prisma` command, imports this package on
# the way to its tool chain.
_MODULES = {
    "exact_decimals": "prisma_wasm.exact",
    "scoped": "prisma_wasm.scope",
    "stream": "prisma_wasm.streaming",
    "tagged": "prisma_wasm.observe.tags",
}


def __getattr__(name: str) -> Any:
    """Load what this package exports (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(_MODULES[name])
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
