"""Plans as functions: compiled once, run with values."""

from prisma_wasm.execute import bulk
from prisma_wasm.execute.program import Program
from prisma_wasm.execute.run import Run, Session, in_transaction

__all__ = ["Program", "Run", "Session", "bulk", "in_transaction"]
