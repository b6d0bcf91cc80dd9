"""Organizations, their members and projects: the helpers that others build on."""

from app.organizations.errors import organization_not_found
from app.organizations.invitations import accept as accept_invitation
from app.organizations.locks import lock_organization
from app.organizations.membership import OrganizationId, in_organization, role_in
from app.organizations.rights import ORG_ROLES
from app.organizations.schemas import MyOrganization
from app.organizations.scope import (
    OrgAdminScope,
    OrganizationScope,
    OrgMemberScope,
    OrgOwnerScope,
)
from app.organizations.transactions import OrganizationTransaction, organization_transaction
from app.tenancy import record_event

__all__ = [
    "ORG_ROLES",
    "MyOrganization",
    "OrgAdminScope",
    "OrgMemberScope",
    "OrgOwnerScope",
    "OrganizationId",
    "OrganizationScope",
    "OrganizationTransaction",
    "accept_invitation",
    "in_organization",
    "lock_organization",
    "organization_not_found",
    "organization_transaction",
    "record_event",
    "role_in",
]
