"""The problems of imports."""

from app.http.problems import Problem
from app.imports.reading import MAX_LINES


def import_not_found() -> Problem:
    return Problem(404, "import_not_found", "There is no such import.")


def import_finished() -> Problem:
    return Problem(409, "import_finished", "The import has ended already.")


def import_cancelled() -> Problem:
    return Problem(409, "import_cancelled", "The import was cancelled during the upload.")


def too_many_imports(most: int) -> Problem:
    return Problem(
        409,
        "too_many_imports",
        f"{most} imports of this tenant have not ended yet. Wait for one, or cancel it.",
    )


def too_many_lines() -> Problem:
    return Problem(
        413, "too_many_lines", f"The file has more than {MAX_LINES} lines after its header."
    )
