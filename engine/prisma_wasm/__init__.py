"""Prisma Client Python on PostgreSQL without engine binaries."""

from prisma_wasm.observe.tags import tagged
from prisma_wasm.scope import scoped

__all__ = ["scoped", "tagged"]
