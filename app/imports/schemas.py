"""Requests and responses of imports."""

from datetime import datetime
from typing import Annotated

import pydantic
from prisma import partials
from pydantic import BaseModel, Field, model_validator

from app.imports.faults import MAX_FAULTS, Fault
from app.imports.options import ImportKind
from app.imports.records import Delimiter, Encoding
from app.imports.users import OnExisting


class NewImport(BaseModel):
    """What the body of a request contains, and how it is imported."""

    kind: Annotated[ImportKind, Field(description="What the lines of the file are.")]
    delimiter: Annotated[
        Delimiter | None,
        Field(description="By default that of the CSV integration, or else a comma."),
    ] = None
    encoding: Annotated[
        Encoding | None,
        Field(description="By default that of the CSV integration, or else UTF-8."),
    ] = None
    onExisting: Annotated[
        OnExisting,
        Field(
            description="For users: what happens to those of the tenant whose address is in the "
            "file. `update` sets their role."
        ),
    ] = OnExisting.error
    sendLinks: Annotated[
        bool, Field(description="For users: mail each new one a link that sets a password.")
    ] = False

    @model_validator(mode="after")
    def _fits(self) -> "NewImport":
        if self.kind is not ImportKind.users and (
            self.sendLinks or self.onExisting is not OnExisting.error
        ):
            raise ValueError("onExisting and sendLinks are for imports of users only")
        return self


class ImportView(partials.ImportJobView):
    """A file that is being imported, or was: all of it or nothing."""

    kind: ImportKind  # pyright: ignore[reportIncompatibleVariableOverride]  # narrower on purpose
    # The generated type would return the JSON as text.
    errors: Annotated[  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues]  # narrower on purpose
        pydantic.Json[list[Fault]],
        Field(description=f"The first {MAX_FAULTS} errors, by line and column."),
    ]
    finishedAt: Annotated[
        datetime | None, Field(description="When it was done, failed or was cancelled.")
    ] = None
