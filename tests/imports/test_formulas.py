"""Formulas: what an export neutralises, and that an import restores it."""

import pytest

from app.imports.formulas import neutralise, restore


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
