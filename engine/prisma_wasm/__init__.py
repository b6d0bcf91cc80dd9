"""Prisma Client Python on PostgreSQL without engine binaries."""

from prisma_wasm.exact import exact_decimals
from prisma_wasm.observe.tags import tagged
from prisma_wasm.scope import scoped
from prisma_wasm.stream import stream

__all__ = ["exact_decimals", "scoped", "stream", "tagged"]
