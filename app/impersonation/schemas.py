"""Bodies and responses of impersonation."""

from typing import Annotated, Literal
from uuid import UUID

from prisma.enums import ImpersonationMode
from prisma.partials import ImpersonationView
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.kit.characters import is_visible
from app.kit.schemas import Input, Text

MIN_REASON = 10


def _explained(value: str) -> str:
    if sum(map(is_visible, value)) < MIN_REASON:
        raise ValueError(f"must contain at least {MIN_REASON} visible characters")
    return value


Reason = Annotated[
    Text,
    StringConstraints(strip_whitespace=True, min_length=MIN_REASON, max_length=500),
    AfterValidator(_explained),
    Field(
        description="Why: the user and the owners of the tenancy read it. At least "
        f"{MIN_REASON} visible characters."
    ),
]


class NewImpersonation(Input):
    """As whom, and in which workspace or organization: exactly one of them."""

    userId: UUID
    workspaceId: (
        Annotated[
            str,
            StringConstraints(pattern=r"^[A-Za-z0-9]{10,20}$"),
            Field(description="10 to 20 letters and digits."),
        ]
        | None
    ) = None
    organizationId: UUID | None = None
    reason: Reason
    mode: ImpersonationMode = ImpersonationMode.read
    minutes: Annotated[int, Field(ge=1, le=60, description="After which it ends.")] = 15

    @model_validator(mode="after")
    def _names_one_tenancy(self) -> "NewImpersonation":
        if (self.workspaceId is None) == (self.organizationId is None):
            raise ValueError("name either a workspaceId or an organizationId")
        return self


class StartedImpersonation(ImpersonationView):
    """An impersonation with its token, which is never shown again and cannot be refreshed."""

    accessToken: str
    tokenType: Literal["Bearer"] = "Bearer"
    expiresIn: int
