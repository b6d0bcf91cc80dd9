"""What the log says of the database: statements, warnings and failed queries; never values."""

import logging

from app.settings import DatabaseEvent

# The loggers of the engine, and the level from which an event has them write.
_LOGGERS: dict[DatabaseEvent, tuple[str, int]] = {
    "query": ("prisma_wasm.query", logging.DEBUG),
    "warn": ("prisma_wasm", logging.WARNING),
    "error": ("prisma_wasm.error", logging.ERROR),
}


def log_database_events(*events: DatabaseEvent) -> None:
    """Log these events of the database, whatever the level of the rest of the log."""
    for event, (name, level) in _LOGGERS.items():
        logging.getLogger(name).setLevel(level if event in events else logging.CRITICAL)
