"""Reading a file into a tenant: bytes, records, rows, batches, all in one transaction."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass, field

from prisma import Prisma

from app.imports.faults import UnreadableFile
from app.imports.header import Header, read_header
from app.imports.records import CsvFormat, Record, RecordReader
from app.imports.rows import Importer, RowT

MAX_BYTES = 50_000_000
MAX_LINES = 100_000
BATCH_LINES = 1000
# So many records are read before other tasks of the event loop get their turn.
_RECORDS_IN_A_ROW = 50


@dataclass(frozen=True, slots=True)
class FileDescription:
    """How a file is written, and the titles of its columns by field where they are not ours."""

    format: CsvFormat = field(default_factory=CsvFormat)
    mapping: Mapping[str, str] = field(default_factory=dict[str, str])


async def import_file(
    tx: Prisma,
    importer: Importer[RowT],
    data: AsyncIterable[bytes],
    file: FileDescription,
) -> None:
    """Write the rows of a file in a transaction, and report what is wrong with it.

    Rows are written even if others are at fault, so that one import finds all conflicts: the caller
    rolls the transaction back if the report has faults.
    """
    await importer.prepare(tx)
    try:
        await _import_records(tx, importer, _records(data, file.format), file.mapping)
    except UnreadableFile as error:
        importer.report.add(error.fault)


async def _import_records(
    tx: Prisma,
    importer: Importer[RowT],
    records: AsyncIterator[Record],
    mapping: Mapping[str, str],
) -> None:
    header: Header | None = None
    batch: list[RowT] = []
    batch_begins = 0
    async for record in records:
        if record.line > MAX_LINES + 1:
            raise UnreadableFile(record.line, f"A file has at most {MAX_LINES} lines.")
        importer.report.lines = record.line
        if record.is_blank:
            continue
        if header is None:
            header = read_header(record, importer.columns, mapping)
            importer.titles = header.titles
            continue
        if (row := _row(importer, header, record)) is not None:
            batch.append(row)
        if record.line - batch_begins >= BATCH_LINES and batch:
            await importer.write(tx, batch)
            batch, batch_begins = [], record.line
    if header is None:
        raise UnreadableFile(1, "The file is empty: its first line must name the columns.")
    if (row := importer.finish()) is not None:
        batch.append(row)
    if batch:
        await importer.write(tx, batch)
    await importer.complete(tx)


def _row(importer: Importer[RowT], header: Header, record: Record) -> RowT | None:
    cells, faults = header.read(record)
    if faults:
        for fault in faults:
            importer.report.add(fault)
        return None
    return importer.add(record.line, cells)


async def _records(data: AsyncIterable[bytes], format_: CsvFormat) -> AsyncIterator[Record]:
    reader = RecordReader(format_)
    count = 0
    async for chunk in data:
        for record in reader.feed(chunk):
            yield record
            count += 1
            if count % _RECORDS_IN_A_ROW == 0:
                await asyncio.sleep(0)
    for record in reader.finish():
        yield record
