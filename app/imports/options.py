"""What a file contains, how it is written, and what happens to what exists already."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, Field

from app.imports.reading import FileDescription
from app.imports.records import CsvFormat, Delimiter, Encoding
from app.imports.users import OnExisting


class ImportKind(StrEnum):
    users = "users"
    workout_plans = "workout-plans"


class ImportOptions(BaseModel):
    """All that an import needs to know besides the file; jobs store it as JSON."""

    delimiter: Delimiter = ","
    encoding: Encoding = Encoding.UTF_8
    # The titles of columns, by our names, where they have others.
    mapping: Annotated[dict[str, str], Field(default_factory=dict)]
    onExisting: OnExisting = OnExisting.error
    sendLinks: bool = False

    @property
    def file(self) -> FileDescription:
        return FileDescription(CsvFormat(self.delimiter, self.encoding), self.mapping)
