"""Prisma Client Python on PostgreSQL without engine binaries."""

from prisma_wasm.scope import scoped

__all__ = ["scoped"]
