"""Plans as functions: compiled once, run with values."""

from prisma_wasm.execute.bulk import BulkInsert
from prisma_wasm.execute.program import Program
from prisma_wasm.execute.run import Run, Session, in_transaction

__all__ = ["BulkInsert", "Program", "Run", "Session", "in_transaction"]
