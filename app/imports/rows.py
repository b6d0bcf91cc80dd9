"""The base of what imports do with records: validate them, and write rows in batches."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from prisma import Prisma
from pydantic import ValidationError

from app.imports.faults import Fault, Report
from app.imports.header import Column

RowT = TypeVar("RowT")


@dataclass(slots=True)
class Importer(ABC, Generic[RowT]):
    """Turns the records of one file into rows of a tenant."""

    columns: ClassVar[Sequence[Column]]

    tenant: str
    report: Report
    # The titles of the columns, by field.
    titles: Mapping[str, str] = field(default_factory=dict[str, str])

    @abstractmethod
    def add(self, line: int, cells: Mapping[str, str]) -> RowT | None:
        """Validate a record; return a row if one is complete, and report what is wrong."""

    def finish(self) -> RowT | None:
        """Return the row that the end of the file completes."""
        return None

    @abstractmethod
    async def write(self, tx: Prisma, rows: Sequence[RowT]) -> None:
        """Write rows, and report those that do not fit to what the tenant has."""

    async def prepare(self, tx: Prisma) -> None:
        """Lock what must not change during the import, before the first batch."""

    async def complete(self, tx: Prisma) -> None:
        """Check and write what concerns all rows, after the last batch."""

    def report_fault(self, line: int, field_: str | None, message: str) -> None:
        """Report a fault in the column of a field."""
        column = self.titles.get(field_, field_) if field_ else None
        self.report.add(Fault(line=line, column=column, message=message))

    def report_invalid(
        self, line: int, error: ValidationError, names: Mapping[str, str] | None = None
    ) -> None:
        """Report the invalid fields of a record; `names` has those that a model calls otherwise."""
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            field_ = str(problem["loc"][0])
            self.report_fault(line, (names or {}).get(field_, field_), _message(problem))


def _message(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "missing":
        return "The cell is empty."
    return problem["msg"].removeprefix("Value error, ")
