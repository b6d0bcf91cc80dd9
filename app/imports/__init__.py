"""CSV imports and exports of what a tenant has."""

from app.imports.faults import Report
from app.imports.importing import import_rows
from app.imports.integration import read_config
from app.imports.options import ImportKind, ImportOptions
from app.imports.reading import MAX_BYTES
from app.imports.worker import Worker

__all__ = [
    "MAX_BYTES",
    "ImportKind",
    "ImportOptions",
    "Report",
    "Worker",
    "import_rows",
    "read_config",
]
