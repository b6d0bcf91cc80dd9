"""Files with random texts: read as they were written, without a formula in any cell."""

import csv
import io
import re
from itertools import pairwise

import pytest

pytest.importorskip("hypothesis", reason='it comes with `pip install -e ".[dev]"`')

from hypothesis import given
from hypothesis import strategies as st

from app.imports.exports import write_record
from app.imports.formulas import neutralise, restore
from app.imports.records import CsvFormat, RecordReader

# What a spreadsheet takes for the beginning of a formula.
FORMULA = re.compile("[=+\\-@\t\r]")
TEXTS = st.text(st.sampled_from("=+-@\t\r\n'\",;| ax"), max_size=12) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=12
)


@given(
    rows=st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4),
        max_size=5,
    ),
    breaks=st.lists(st.integers(0, 200), max_size=5),
)
def test_any_text_is_read_as_it_was_written(rows: list[list[str]], breaks: list[int]):
    """Whatever the cells contain, and wherever chunks break."""
    data = "".join(write_record(row, neutralised=False) for row in rows).encode()
    reader = RecordReader(CsvFormat())
    places = sorted({0, len(data), *(place for place in breaks if place < len(data))})

    records = [record for start, end in pairwise(places) for record in reader.feed(data[start:end])]

    assert [each.cells for each in [*records, *reader.finish()]] == rows


@given(TEXTS)
def test_restore_is_the_inverse(text: str):
    """Also of texts that look as if they were neutralised already."""
    assert restore(neutralise(text)) == text


@given(st.lists(TEXTS, min_size=1, max_size=3))
def test_no_delimiter_uncovers_a_formula(texts: list[str]):
    """A spreadsheet that expects another delimiter, or does not know quotes, finds none either."""
    record = write_record(texts).removesuffix("\r\n")

    for delimiter in ",;\t|":
        for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE):
            reader = csv.reader(
                io.StringIO(record, newline=""), delimiter=delimiter, quoting=quoting
            )
            found = [cell for row in reader for cell in row]
            assert not [cell for cell in found if FORMULA.match(cell.strip('"'))]
