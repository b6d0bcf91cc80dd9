"""A demo organization: members of each role, and the audit trail of that."""

from prisma.enums import OrgRole
from prisma.models import Organization, User

from app import audit
from app.kit.demo import Demo
from app.kit.ids import new_uuid7

_NAME = "Moon Company"


async def seed(demo: Demo) -> None:
    """Create the organization and the members that are missing."""
    olivia, adam, mia = (demo.users[key] for key in ("olivia", "adam", "mia"))
    organization = await _organization(demo, olivia)
    await _member(demo, organization, adam, OrgRole.ADMIN)
    await _member(demo, organization, mia, OrgRole.MEMBER)


async def _organization(demo: Demo, owner: User) -> Organization:
    found = await demo.tx.organization.find_first(
        where={"name": _NAME, "members": {"some": {"userId": owner.id, "role": OrgRole.OWNER}}}
    )
    if found is None:
        found = await demo.tx.organization.create(
            {
                "name": _NAME,
                "createdById": owner.id,
                "members": {"create": [{"userId": owner.id, "role": OrgRole.OWNER}]},
            }
        )
        await audit.record(
            demo.tx,
            "organization.created",
            actor=owner.id,
            organization=found.id,
            subject=found.id,
            name=_NAME,
            role=OrgRole.OWNER,
            memberBaseRole=found.memberBaseRole,
        )
    demo.note("olivia", f"owner of {_NAME}")
    return found


async def _member(demo: Demo, organization: Organization, user: User, role: OrgRole) -> None:
    """Make a user a member, unless they are one, as if they had accepted an invitation."""
    if not await demo.tx.organizationmember.count(
        where={"organizationId": organization.id, "userId": user.id}
    ):
        await demo.tx.organizationmember.create(
            {"organizationId": organization.id, "userId": user.id, "role": role}
        )
        await audit.record(
            demo.tx,
            "invitation.accepted",
            actor=user.id,
            organization=organization.id,
            subject=new_uuid7(),
            email=user.email,
            role=role,
        )
    demo.note(user.email.partition("@")[0], f"{role.lower()} of {_NAME}")
