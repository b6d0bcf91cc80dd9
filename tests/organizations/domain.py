"""What the tests know about the routes of app/organizations."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

from prisma import Prisma
from prisma.enums import OrgRole, ProjectRole

from tests.domains import Domain, PolicyRows, Request, new_uuid
from tests.fix_api import Person
from tests.fix_team import Team, create_organization


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    api, owner = team.api, team.owner

    yield "create_organization", lambda: owner.post("/v1/organizations", {"name": "New"})
    organization = await create_organization(api.owner, owner.id, "Org")
    path = f"/v1/organizations/{organization.id}"
    yield "list_organizations", lambda: owner.get("/v1/organizations")
    yield "read_organization", lambda: owner.get(path)


async def _make_rows(team: Team, person: Person) -> Mapping[str, str]:
    organizations = [
        await create_organization(team.api.owner, team.owner.id, f"Org {number} of {team.name}")
        for number in range(2)
    ]
    if person is not team.owner:
        await team.api.owner.organizationmember.create(
            {"organizationId": organizations[0].id, "userId": person.id, "role": OrgRole.ADMIN}
        )
    return {"organizationId": organizations[0].id}


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
    statements={"create_organization": 9, "list_organizations": 2, "read_organization": 1},
    requests=_requests,
    audited={"create_organization": ("organization.created",)},
    parameters={"organizationId": new_uuid},
    make_rows=_make_rows,
    bodies={"create_organization": lambda _: {"name": "Mine"}},
    lists={"list_organizations": ("{user}",)},
    # Organizations with the ids of their owners; that of {user} has many members.
    many_rows="""
        INSERT INTO "Organization" (id, name) SELECT DISTINCT "user", '' FROM work;
        INSERT INTO "OrganizationMember" (id, "organizationId", "userId", role)
        SELECT DISTINCT "user", "user", "user", 'OWNER'::"OrgRole" FROM work;
        INSERT INTO "OrganizationMember" (id, "organizationId", "userId")
        SELECT gen_random_uuid(), id, '{user}' FROM "Organization" LIMIT 1000
        ON CONFLICT DO NOTHING;
        INSERT INTO "OrganizationMember" (id, "organizationId", "userId")
        SELECT gen_random_uuid(), '{user}', id FROM "User" LIMIT 1000 ON CONFLICT DO NOTHING;
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
