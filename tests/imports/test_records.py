"""From bytes to records: encodings, delimiters, quotes, line breaks, faults by line."""

import pytest

from app.imports.faults import UnreadableFile
from app.imports.records import (
    MAX_RECORD_CHARACTERS,
    CsvFormat,
    Delimiter,
    Encoding,
    Record,
    RecordReader,
)


def read(data: bytes, format_: CsvFormat | None = None, *, size: int | None = None) -> list[Record]:
    """Return the records of a file that arrives in chunks of a size."""
    reader = RecordReader(format_ or CsvFormat())
    step = size or max(len(data), 1)
    records = [
        record
        for start in range(0, len(data), step)
        for record in reader.feed(data[start : start + step])
    ]
    return [*records, *reader.finish()]


def cells(records: list[Record]) -> list[list[str]]:
    return [record.cells for record in records]


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_breaks(size: int, end: str):
    """All three are read, wherever chunks break; line numbers count those in quoted cells too."""
    lines = ["a,b", '"one', 'two",x', "c,d"]

    records = read(end.join(lines).encode(), size=size)

    assert cells(records) == [["a", "b"], [f"one{end}two", "x"], ["c", "d"]]
    assert [record.line for record in records] == [1, 2, 4]


@pytest.mark.parametrize("size", [1, 2, 1000])
@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("Zoë,Straße €,💪".encode(), Encoding.UTF_8),
        ("\ufeffZoë,Straße €,💪".encode(), Encoding.UTF_8),
        ("Zoë,Straße €,š".encode("cp1252"), Encoding.WINDOWS_1252),
    ],
)
def test_encodings(data: bytes, encoding: Encoding, size: int):
    """UTF-8 may begin with a byte order mark, which is no part of the first cell."""
    (record,) = read(data, CsvFormat(encoding=encoding), size=size)

    assert record.cells[:2] == ["Zoë", "Straße €"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters(delimiter: Delimiter):
    """The others are text."""
    texts = [f"a{other}b" for other in ",;\t" if other != delimiter]

    assert cells(read(delimiter.join(texts).encode(), CsvFormat(delimiter))) == [texts]


@pytest.mark.parametrize(
    ("text", "faulty"),
    [
        ('5" pipe,b', 1),
        ('"a"b,c', 1),
        ('a,"b" c', 1),
        ('"a"b,"c\nd"', 1),
    ],
)
def test_misplaced_quotes(text: str, faulty: int):
    """The record is at fault, and reading goes on behind it."""
    first, last = read(f"{text}\nnext,one\n".encode())

    assert (first.line, first.cells) == (faulty, [])
    assert first.fault is not None
    assert last.cells == ["next", "one"]


def test_a_quote_that_is_never_closed():
    """The fault is at the line in which the cell begins."""
    records = read(b'a,b\nc,"d\ne,f\n')

    assert [(record.line, bool(record.fault)) for record in records] == [(1, False), (2, True)]


@pytest.mark.parametrize(("beginning", "rest"), [(b"x", b"x"), (b'"', b"x\n")])
def test_a_record_without_end_takes_no_memory(beginning: bytes, rest: bytes):
    """Reading ends at a limit, whether the record is one line or many."""
    data = beginning + rest * MAX_RECORD_CHARACTERS

    with pytest.raises(UnreadableFile) as caught:
        read(data, size=1000)

    assert caught.value.fault.line == 1
