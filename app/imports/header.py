"""The first line of a file: which column holds which field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.imports import formulas
from app.imports.faults import Fault, UnreadableFile
from app.imports.records import Record, has_invalid_bytes

MAX_COLUMNS = 100


@dataclass(frozen=True, slots=True)
class Column:
    """A field that a file may have a column for; `is_required` columns may not be missing."""

    field: str
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of a file in the order of its columns, and their titles there."""

    fields: Sequence[str]
    titles: Mapping[str, str]

    def read(self, record: Record) -> tuple[dict[str, str], list[Fault]]:
        """Return the cells of a record that are not empty, by field, and what is wrong with it."""
        if record.fault is not None:
            return {}, [Fault(line=record.line, column=None, message=record.fault)]
        if len(record.cells) != len(self.fields):
            message = f"The line has {len(record.cells)} cells and the header {len(self.fields)}."
            return {}, [Fault(line=record.line, column=None, message=message)]
        faults = [
            Fault(line=record.line, column=self.titles[field], message=_INVALID_BYTES)
            for field, cell in zip(self.fields, record.cells, strict=True)
            if has_invalid_bytes(cell)
        ]
        cells = zip(self.fields, record.cells, strict=True)
        return {field: formulas.restore(cell) for field, cell in cells if cell.strip()}, faults


_INVALID_BYTES = "The cell has bytes that mean nothing in the encoding of the file."


def read_header(
    record: Record, columns: Sequence[Column], mapping: Mapping[str, str] | None = None
) -> Header:
    """Find the columns by their titles, which are our names unless `mapping` has others.

    Raise UnreadableFile if the columns are not exactly those that are known, or one is missing.
    Titles are compared without case and surrounding blanks.
    """
    if record.fault is not None:
        raise UnreadableFile(record.line, record.fault)
    if any(map(has_invalid_bytes, record.cells)):
        raise UnreadableFile(record.line, f"{_INVALID_BYTES} Is another encoding declared?")
    titles = {column.field: (mapping or {}).get(column.field, column.field) for column in columns}
    by_title = {_key(title): field for field, title in titles.items()}
    found = [by_title.get(_key(title)) for title in record.cells[:MAX_COLUMNS]]
    problems = [
        *_describe("Unknown columns", _unknown(record.cells, found)),
        *_describe("Columns that occur twice", _repeated(found, titles)),
        *_describe("Missing columns", _missing(columns, found, titles)),
    ]
    if problems:
        expected = ", ".join(titles[each.field] for each in columns)
        raise UnreadableFile(record.line, f"{' '.join(problems)} Known columns: {expected}.")
    fields = [field for field in found if field is not None]
    return Header(fields, {field: titles[field] for field in fields})


def _key(title: str) -> str:
    return title.strip().casefold()


def _unknown(cells: Sequence[str], found: Sequence[str | None]) -> list[str]:
    unknown = [cell for cell, field in zip(cells, found, strict=False) if field is None]
    return [*unknown, *(["..."] if len(cells) > MAX_COLUMNS else [])]


def _repeated(found: Sequence[str | None], titles: Mapping[str, str]) -> list[str]:
    return [title for field, title in titles.items() if sum(each == field for each in found) > 1]


def _missing(
    columns: Sequence[Column], found: Sequence[str | None], titles: Mapping[str, str]
) -> list[str]:
    return [
        titles[column.field]
        for column in columns
        if column.is_required and column.field not in found
    ]


def _describe(what: str, titles: Sequence[str]) -> list[str]:
    if not titles:
        return []
    shown = ", ".join(_shorten(title) for title in titles[:10])
    return [f"{what}: {shown}{', ...' if len(titles) > 10 else ''}."]


def _shorten(title: str) -> str:
    shown = "".join(char if char.isprintable() else "?" for char in title.strip()[:50])
    return shown or '""'
