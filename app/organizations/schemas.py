"""Request and response bodies of organizations and their members."""

from prisma.enums import OrgRole
from prisma.partials import OrganizationView

from app.kit.schemas import Input, Name


class NewOrganization(Input):
    name: Name


class MyOrganization(OrganizationView):
    """An organization and the caller's role in it."""

    role: OrgRole
