"""Formulas: no cell of an export begins with one, and an import restores every text."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.exports import write_record
from app.imports.formulas import neutralise, restore

# What a spreadsheet takes for the beginning of a formula.
FORMULA = re.compile("[=+\\-@\t\r]")
TEXTS = st.text(st.sampled_from("=+-@\t\r\n'\",;| ax"), max_size=12) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=12
)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("a;=1", "a;'=1"),
        ('a","=1', 'a","\'=1'),
        ("a\n=1", "a\n'=1"),
        ("it's 3-4, or 'so'", "it's 3-4, or 'so'"),
        ("", ""),
    ],
)
def test_neutralise(text: str, cell: str):
    """An apostrophe precedes whatever a spreadsheet could take for a formula, and nothing else."""
    assert neutralise(text) == cell
    assert restore(cell) == text


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
