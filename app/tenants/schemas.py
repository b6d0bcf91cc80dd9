"""Request bodies of tenants and their users."""

from typing import Annotated

from prisma.enums import TenantUserRole
from pydantic import Field
from typing_extensions import TypedDict

from app.kit.schemas import Email, Input, Name, input_config
from app.tenants.hosts import Domain


class NewAdministrator(Input):
    """The first user of a tenant, who gets a link to set a password by mail."""

    email: Email


class NewTenant(Input):
    name: Name
    domain: Domain | None = None
    administrator: NewAdministrator


# A TypedDict, because a model cannot tell an omitted field from null.
@input_config
class TenantChange(TypedDict, total=False):
    name: Name
    domain: Domain | None


class NewTenantUser(Input):
    email: Email
    role: TenantUserRole = TenantUserRole.STAFF


@input_config
class TenantUserChange(TypedDict, total=False):
    email: Email
    role: TenantUserRole
    confirm: Annotated[bool, Field(description="Required to lower your own role.")]
