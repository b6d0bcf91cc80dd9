"""From bytes to records: decoding, line breaks, quoted cells.

Bytes are fed in chunks of any size, and records come out as soon as they are complete, so that the
memory does not depend on the length of the file. What a record means is not known here.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from app.imports.faults import UnreadableFile

Delimiter: TypeAlias = Literal[",", ";", "\t"]
# A cell with a forgotten quote extends to the end of the file.
MAX_RECORD_CHARACTERS = 64 * 1024

# The decoder replaces each invalid byte by one of these, which no valid text contains.
_INVALID = re.compile("[\udc80-\udcff]")


class Encoding(StrEnum):
    UTF_8 = "utf-8"
    WINDOWS_1252 = "windows-1252"


# The first skips a byte order mark.
_CODECS = {Encoding.UTF_8: "utf-8-sig", Encoding.WINDOWS_1252: "cp1252"}


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """How a file is written."""

    delimiter: Delimiter = ","
    encoding: Encoding = Encoding.UTF_8


@dataclass(frozen=True, slots=True)
class Record:
    """The cells of a record, which begins at a line and may continue on others."""

    line: int
    cells: list[str]
    # Why the record has no cells.
    fault: str | None = None

    @property
    def is_blank(self) -> bool:
        return self.fault is None and not any(cell.strip() for cell in self.cells)


def has_invalid_bytes(cell: str) -> bool:
    """Return whether a cell has bytes that mean nothing in the encoding of the file."""
    return not cell.isascii() and _INVALID.search(cell) is not None


class RecordReader:
    """Reads the records of one file."""

    def __init__(self, format_: CsvFormat) -> None:
        self._delimiter = format_.delimiter
        decoder = codecs.getincrementaldecoder(_CODECS[format_.encoding])
        self._decoder = decoder("surrogateescape")
        self._line_number = 0
        # The beginning of a line, without its end.
        self._partial = ""
        # The lines so far of a record that continues in a quoted cell.
        self._open: list[str] = []
        self._open_characters = 0

    def feed(self, data: bytes) -> Iterator[Record]:
        """Return the records that a chunk completes; raise UnreadableFile if one is too long."""
        yield from self._read(self._decoder.decode(data))

    def finish(self) -> Iterator[Record]:
        """Return what the end of the file completes."""
        yield from self._read(self._decoder.decode(b"", final=True), is_last=True)
        if self._open:
            yield self._close("A quoted cell of this line has no closing quote.")

    def _read(self, text: str, *, is_last: bool = False) -> Iterator[Record]:
        # newline="" keeps line breaks as they are, as the csv module wants them.
        lines = list(io.StringIO(self._partial + text, newline=""))
        self._partial = ""
        # A \r may be the first half of \r\n.
        if lines and not is_last and not lines[-1].endswith("\n"):
            self._partial = lines.pop()
            self._require_short(self._line_number + 1, len(self._partial))
        for line in lines:
            self._line_number += 1
            if (record := self._add(line)) is not None:
                yield record

    def _add(self, line: str) -> Record | None:
        """Add a line to the record; return the record if it is complete."""
        has_odd_quotes = line.count('"') % 2 == 1
        if not self._open and has_odd_quotes and not self._opens_cell(line):
            return Record(self._line_number, [], 'A cell with " must be quoted, and " doubled.')
        self._open.append(line)
        self._open_characters += len(line)
        self._require_short(self._first_line, self._open_characters)
        continues = has_odd_quotes if len(self._open) == 1 else not has_odd_quotes
        return None if continues else self._close()

    @property
    def _first_line(self) -> int:
        return self._line_number - len(self._open) + 1

    def _close(self, fault: str | None = None) -> Record:
        line, lines = self._first_line, self._open
        self._open, self._open_characters = [], 0
        if fault is None:
            try:
                return Record(line, self._parse(lines))
            except csv.Error:
                fault = 'A cell with " must be quoted, and " doubled.'
        return Record(line, [], fault)

    def _parse(self, lines: list[str]) -> list[str]:
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        return next(reader, list[str]())

    def _opens_cell(self, line: str) -> bool:
        """Return whether a line with an odd number of quotes ends inside of a quoted cell."""
        try:
            self._parse([line])
        except csv.Error:
            return True
        return False

    def _require_short(self, line: int, characters: int) -> None:
        if characters > MAX_RECORD_CHARACTERS:
            raise UnreadableFile(
                line,
                f"This line has more than {MAX_RECORD_CHARACTERS} characters. "
                "A quoted cell may lack its closing quote.",
            )
