"""The request body of an acceptance."""

from typing import Annotated

from pydantic import StringConstraints

from app.kit.schemas import Input


class Acceptance(Input):
    token: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,200}$")]
