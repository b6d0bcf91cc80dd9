"""Read CSV files without a database: the core of imports, with what it would write."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from prisma import Prisma

from app.imports.faults import Report
from app.imports.reading import FileDescription, import_file
from app.imports.records import CsvFormat, Delimiter, Encoding
from app.imports.rows import Importer

TENANT = "01890000-0000-7000-8000-000000000000"
NO_TRANSACTION: Any = None


async def in_chunks(data: bytes, size: int = 7) -> AsyncIterator[bytes]:
    """Yield bytes in chunks that break cells and characters apart."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def read_file(
    importer: type[Importer[Any]],
    data: bytes,
    *,
    delimiter: Delimiter = ",",
    encoding: Encoding = Encoding.UTF_8,
    mapping: dict[str, str] | None = None,
    size: int = 7,
) -> tuple[list[Any], Report]:
    """Read a file; return the rows that would be written, and the report."""
    written: list[Any] = []

    class Recording(importer):
        async def write(self, tx: Prisma, rows: Sequence[Any]) -> None:
            written.extend(rows)

    report = Report()
    file = FileDescription(CsvFormat(delimiter, encoding), mapping or {})
    reading: Importer[Any] = Recording(TENANT, report)  # pyright: ignore[reportAbstractUsage]  # the importers of the tests are complete
    await import_file(NO_TRANSACTION, reading, in_chunks(data, size), file)
    return written, report


def lines_of(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode()


def faults_of(report: Report) -> list[tuple[int, str | None, str]]:
    """Return line, column and message of each fault."""
    return [(fault.line, fault.column, fault.message) for fault in report.faults]


def places_of(report: Report) -> list[tuple[int, str | None]]:
    """Return line and column of each fault."""
    return [(fault.line, fault.column) for fault in report.faults]
