"""What is wrong with a file: faults by line and column."""

from dataclasses import dataclass, field

from pydantic import BaseModel

MAX_FAULTS = 100


class Fault(BaseModel):
    """Something that is wrong in a line of a file, of which the header is line 1."""

    line: int
    # The title of the column; None if the whole line is meant.
    column: str | None
    message: str


class UnreadableFile(Exception):  # noqa: N818  (it ends the reading, and its fault says why)
    """Nothing after the fault can be read."""

    def __init__(self, line: int, message: str, *, column: str | None = None) -> None:
        super().__init__(message)
        self.fault = Fault(line=line, column=column, message=message)


@dataclass(slots=True)
class Report:
    """How far an import has come, and what it found. It keeps the first faults and counts all."""

    lines: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    fault_count: int = 0
    faults: list[Fault] = field(default_factory=list[Fault])

    def add(self, fault: Fault) -> None:
        self.fault_count += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)
