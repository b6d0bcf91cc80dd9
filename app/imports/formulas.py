"""Cells that a spreadsheet would take for formulas: neutralised on export, restored on import.

An apostrophe before the formula makes it a text. It is also added after what may begin another
cell, because a spreadsheet that expects another delimiter than ours splits cells there. Formulas
that already have apostrophes get one more, so that the import restores every text exactly.
"""

import re

_CELL_BEGINS = r'(?:^|(?<=[,;\t\r\n"|]))'
# Spreadsheets for Chinese and Japanese also take the full-width characters.
_FORMULA = "[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]"
_DANGEROUS = re.compile(f"{_CELL_BEGINS}(?='*{_FORMULA})")
_NEUTRALISED = re.compile(f"{_CELL_BEGINS}'(?='*{_FORMULA})")


def neutralise(cell: str) -> str:
    """Return a text for a cell in which no spreadsheet finds a formula."""
    return _DANGEROUS.sub("'", cell)


def restore(cell: str) -> str:
    """Return the text of which `neutralise` made the cell."""
    return _NEUTRALISED.sub("", cell)
