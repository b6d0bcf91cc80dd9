"""Organizations, their members and projects: the helpers that others build on."""

from app.organizations.errors import organization_not_found
from app.organizations.invitations import accept as accept_invitation
from app.organizations.locks import lock_organization
from app.organizations.members import replace_role
from app.organizations.membership import OrganizationId, in_organization, role_in
from app.organizations.rights import ORG_ROLES
from app.organizations.rules import apply_change, change_transaction
from app.organizations.schemas import BaseRole, GivenOrgRole, MyOrganization, OrganizationChange
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
    "BaseRole",
    "GivenOrgRole",
    "MyOrganization",
    "OrgAdminScope",
    "OrgMemberScope",
    "OrgOwnerScope",
    "OrganizationChange",
    "OrganizationId",
    "OrganizationScope",
    "OrganizationTransaction",
    "accept_invitation",
    "apply_change",
    "change_transaction",
    "in_organization",
    "lock_organization",
    "organization_not_found",
    "organization_transaction",
    "record_event",
    "replace_role",
    "role_in",
]
