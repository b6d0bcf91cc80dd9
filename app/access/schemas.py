"""Request and response bodies of global roles, their users, and the search for users."""

from typing import Annotated

from prisma import partials
from pydantic import BaseModel, Field, StringConstraints
from typing_extensions import TypedDict

from app.access.capabilities import Capability
from app.http.pages import PageRequest
from app.kit.addresses import MAX_LENGTH
from app.kit.schemas import Input, Text, input_config

# Plain, so that no role can be mistaken for another one.
RoleName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[a-z][a-z0-9-]{1,49}$"),
    Field(description="2 to 50 lower-case letters, digits and hyphens."),
]
Capabilities = Annotated[list[Capability], Field(max_length=len(Capability))]


class CapabilityView(BaseModel):
    """A capability, and what it allows."""

    name: Capability
    description: str


class CapabilityList(BaseModel):
    items: list[CapabilityView]


class MyCapabilities(BaseModel):
    """The capabilities of all your roles."""

    capabilities: list[str]


class NewRole(Input):
    name: RoleName
    description: Text | None = None
    capabilities: Capabilities


# A TypedDict, because a model cannot tell an omitted field from null.
@input_config
class RoleChange(TypedDict, total=False):
    name: RoleName
    description: Text | None
    capabilities: Capabilities


class RoleView(partials.RoleView):
    """A role and its capabilities."""

    capabilities: list[str]


class HeldRole(partials.HeldRole):
    """A role of a user, who granted it, and when."""

    @property
    def id(self) -> str:
        return self.roleId  # the position in a page


class RoleHolder(partials.RoleHolder):
    """A user who has a role, who granted it, and when."""

    @property
    def id(self) -> str:
        return self.userId  # the position in a page


class UsersRequest(PageRequest):
    """A page of the list, of all users or of those whose address has a beginning."""

    email: Annotated[
        str | None,
        StringConstraints(
            strip_whitespace=True,
            to_lower=True,
            min_length=2,
            max_length=MAX_LENGTH,
            pattern=r"^[!-~]*$",
        ),
        Field(description="Only users whose e-mail address begins with this; case is ignored."),
    ] = None
