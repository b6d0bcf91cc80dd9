"""CSV files of a tenant's rows."""

from collections.abc import Iterable

from app.imports import formulas


def write_record(cells: Iterable[str], *, neutralised: bool = True) -> str:
    """Return a record as RFC 4180 writes it; every cell is quoted."""
    texts = map(formulas.neutralise, cells) if neutralised else cells
    return ",".join('"' + text.replace('"', '""') + '"' for text in texts) + "\r\n"
