"""What the tests know about the routes of app/organizations."""

from datetime import UTC, datetime

from prisma import Prisma
from prisma.enums import OrgRole, ProjectRole

from tests.domains import Domain, PolicyRows

_PAST = datetime(2020, 1, 1, tzinfo=UTC)


async def _create(owner: Prisma, user: str, _: str, name: str) -> None:
    organization = await owner.organization.find_first_or_raise(where={"createdById": user})
    await owner.invitation.create(
        {
            "hash": f"{name}invitation to organization",
            "organizationId": organization.id,
            "organizationRole": OrgRole.MEMBER,
            "email": "guest@example.com",
            "expiresAt": _PAST,
        }
    )
    await owner.organizationtransfer.create(
        {
            "organizationId": organization.id,
            "offeredById": user,
            "userId": user,
            "expiresAt": _PAST,
        }
    )
    project = await owner.project.create({"organizationId": organization.id, "name": "Project"})
    await owner.projectmember.create(
        {
            "organizationId": organization.id,
            "projectId": project.id,
            "userId": user,
            "role": ProjectRole.ADMIN,
            "inheritedFromOrg": False,
        }
    )
    await owner.auditevent.create(
        {"organizationId": organization.id, "actorId": user, "action": "test"}
    )


DOMAIN = Domain(
    many_rows="""
        INSERT INTO "Organization" (id, name) SELECT DISTINCT "user", '' FROM work;
        INSERT INTO "OrganizationMember" (id, "organizationId", "userId", role)
        SELECT id, id, id, 'OWNER' FROM "Organization";
        INSERT INTO "OrganizationMember" (id, "organizationId", "userId")
        SELECT gen_random_uuid(), id, '{user}' FROM "Organization" WHERE id <> '{user}' LIMIT 1000;
        INSERT INTO "OrganizationMember" (id, "organizationId", "userId")
        SELECT gen_random_uuid(), '{user}', id FROM "User" WHERE id <> '{user}' LIMIT 1000;
    """,
    policy_rows=PolicyRows(
        create=_create,
        seen_by_user={"Organization": 1, "OrganizationMember": 1, "OrganizationTransfer": 1},
        seen_in_organization={
            "User": 1,
            "Organization": 1,
            "OrganizationMember": 1,
            "OrganizationTransfer": 1,
            "Invitation": 1,
            "Project": 1,
            "ProjectMember": 1,
            "AuditEvent": 1,
        },
        seen_by_key={"{name}invitation to organization": "Invitation"},
        forged={
            "organization": lambda world: world.client.organization.create(
                {"name": "for Bob", "createdById": world.bob}
            ),
            "organization member": lambda world: world.client.organizationmember.create(
                {"organizationId": world.bobs_organization, "userId": world.ann}
            ),
            "organization transfer": lambda world: world.client.organizationtransfer.create(
                {
                    "organizationId": world.bobs_organization,
                    "offeredById": world.bob,
                    "userId": world.bob,
                    "expiresAt": _PAST,
                }
            ),
            "organization invitation": lambda world: world.client.invitation.create(
                {
                    "hash": "new",
                    "organizationId": world.bobs_organization,
                    "organizationRole": OrgRole.OWNER,
                    "email": "e",
                    "expiresAt": _PAST,
                }
            ),
            "project": lambda world: world.client.project.create(
                {"organizationId": world.bobs_organization, "name": "for Bob"}
            ),
            "organization event": lambda world: world.client.auditevent.create(
                {
                    "organizationId": world.bobs_organization,
                    "actorId": world.ann,
                    "action": "forged",
                }
            ),
        },
    ),
)
