"""The scope of a request: its organization and the caller's role, resolved before its handler.

The type of a handler's argument states the minimum role: OrgMemberScope, OrgAdminScope or
OrgOwnerScope. A caller who is no member gets 404, a member with a lower role 403.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from prisma import Prisma
from prisma.actions import SessionActions
from prisma.enums import OrgRole
from prisma.partials import OrganizationView, RequestOrganizationSession

from app.audit import Trail
from app.db import prisma
from app.http.description import declare_responses
from app.http.problems import Problem
from app.impersonation import TenancyCredentials
from app.kit.ids import FIRST_UUID, is_uuid
from app.organizations.errors import organization_not_found
from app.organizations.locks import lock_organization
from app.organizations.membership import InOrganization, OrganizationId, in_organization, role_in
from app.organizations.rights import ORG_ROLES
from app.tenancy import MembershipScope

_sessions = SessionActions(prisma, RequestOrganizationSession)
_PARAMETER = "organizationId"
# Read from the request: as a declared parameter it would cost more time than verifying the token.
_PATH = {_PARAMETER: "A UUID."}


@dataclass(frozen=True, slots=True)
class OrganizationScope(MembershipScope[OrgRole]):
    """An organization, its caller, and the caller's role in it."""

    organization: OrganizationView

    roles = ORG_ROLES

    @property
    def id(self) -> OrganizationId:
        return OrganizationId(self.organization.id)

    @property
    def name(self) -> str:
        return self.organization.name

    @property
    def where(self) -> InOrganization:
        return in_organization(self.id)

    @property
    def trail(self) -> Trail:
        return {"organization": self.id}

    async def lock(self, tx: Prisma) -> None:
        await lock_organization(tx, self.id)

    async def read_role(self, tx: Prisma, user: str) -> OrgRole | None:
        return await role_in(self.id, user, tx=tx)

    async def read_email(self, tx: Prisma, user: str) -> str | None:
        member = await tx.organizationmember.find_unique(
            where={"organizationId_userId": {**self.where, "userId": user}}, include={"user": True}
        )
        return member.user.email if member and member.user else None

    def not_found(self) -> Problem:
        return organization_not_found()


class _ScopeDependency(TenancyCredentials):
    def __init__(self, min_role: OrgRole) -> None:
        self._min_role = min_role

    async def __call__(self, request: Request) -> OrganizationScope:
        claims = await self.read_claims(request)
        text = request.path_params[_PARAMETER]
        organization = text if is_uuid(text) else FIRST_UUID
        await self.enter_scope(
            request, claims, organization=organization, not_found=organization_not_found
        )
        # One query reads the session, its user, the membership and the organization.
        found = await _sessions.find_unique(
            where={"id": claims.session},
            include={
                "user": {
                    "include": {
                        "organizationMemberships": {
                            "where": {"organizationId": organization},
                            "include": {"organization": True},
                        }
                    }
                }
            },
        )
        user = (await self.verify_session(request, found, claims)).user
        if not user.organizationMemberships:
            raise organization_not_found()
        membership = user.organizationMemberships[0]
        ORG_ROLES.require(membership.role, self._min_role)
        return OrganizationScope(user, membership.role, membership.organization)


def _require_scope(min_role: OrgRole) -> Any:
    statuses = (404,) if min_role is OrgRole.MEMBER else (403, 404)
    return Depends(declare_responses(*statuses, path=_PATH)(_ScopeDependency(min_role)))


OrgMemberScope = Annotated[OrganizationScope, _require_scope(OrgRole.MEMBER)]
OrgAdminScope = Annotated[OrganizationScope, _require_scope(OrgRole.ADMIN)]
OrgOwnerScope = Annotated[OrganizationScope, _require_scope(OrgRole.OWNER)]
