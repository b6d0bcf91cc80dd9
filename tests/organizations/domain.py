"""What the tests know about the routes of app/organizations."""

import uuid
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

from prisma import Prisma
from prisma.enums import OrgRole, ProjectRole

from tests.domains import Domain, Holder, PolicyRows, Request, new_uuid
from tests.fix_api import Person
from tests.fix_team import Team, create_organization, make_organization_team
from tests.organizations.roles import ROLES_OF_PAGE

_PAST = datetime(2020, 1, 1, tzinfo=UTC)


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    owner, admin, path = team.owner, team.admin, team.organization.path
    invitations = f"{path}/invitations"

    yield "create_organization", lambda: owner.post("/v1/organizations", {"name": "New"})
    yield "list_organizations", lambda: owner.get("/v1/organizations")
    yield "read_organization", lambda: owner.get(path)
    name = {"name": "Renamed", "memberBaseRole": "EDITOR"}
    yield "change_organization", lambda: owner.patch(path, name)
    yield "list_organization_members", lambda: owner.get(f"{path}/members")
    guest = {"email": "invited.to.organization@example.com"}
    yield "invite_to_organization", lambda: owner.post(invitations, guest)
    yield "list_organization_invitations", lambda: owner.get(invitations)
    id_, _ = await team.organization.invited("nobody.to.organization@example.com")
    yield "revoke_organization_invitation", lambda: owner.delete(f"{invitations}/{id_}")
    yield "list_organization_audit_events", lambda: admin.get(f"{path}/audit-events")
    user, transfer = {"userId": admin.id}, f"{path}/transfer"
    yield "offer_organization_transfer", lambda: owner.post(transfer, user)
    yield "read_organization_transfer", lambda: admin.get(transfer)
    yield "list_organization_transfers", lambda: admin.get("/v1/me/organization-transfers")
    yield "cancel_organization_transfer", lambda: owner.delete(transfer)
    await team.organization.offered(admin)
    yield "decline_organization_transfer", lambda: admin.post(f"{transfer}/decline")
    await team.organization.offered(admin)
    yield "accept_organization_transfer", lambda: admin.post(f"{transfer}/accept")
    role = {"role": "MEMBER", "confirm": True}
    yield ("change_organization_member", lambda: owner.patch(f"{path}/members/{owner.id}", role))
    yield (
        "remove_organization_member",
        lambda: admin.delete(f"{path}/members/{owner.id}"),
    )
    yield "delete_organization", lambda: admin.delete(path)


async def _make_rows(team: Team, _: Person) -> Mapping[str, str]:
    await create_organization(team.api.owner, team.owner.id, f"Team {team.name} again")
    for name in ("Renamed", f"Team {team.name}"):  # two events in the trail
        await team.owner.patch(team.organization.path, {"name": name})
    if not await team.api.owner.organizationtransfer.count(
        where={"organizationId": team.organization.id}
    ):
        await team.organization.offered(team.admin)
    for number in range(2):  # offers to the owner of the team
        other = await make_organization_team(team.api, f"org{number}.{uuid.uuid4().hex}")
        await other.add(team.owner)
        await other.offered(team.owner)
    invitations = [
        await team.organization.invited(f"guest.{uuid.uuid4().hex}@example.com") for _ in range(2)
    ]
    return {
        "organizationId": team.organization.id,
        "projectId": team.project,
        "invitationId": invitations[0][0],
    }


async def _create(owner: Prisma, holder: Holder) -> None:
    await owner.invitation.create(
        {
            "hash": f"{holder.name}invitation to organization",
            "organizationId": holder.organization,
            "organizationRole": OrgRole.MEMBER,
            "email": "guest@example.com",
            "expiresAt": _PAST,
        }
    )
    await owner.organizationtransfer.create(
        {
            "organizationId": holder.organization,
            "offeredById": holder.user,
            "userId": holder.user,
            "expiresAt": _PAST,
        }
    )
    await owner.projectmember.create(
        {
            "organizationId": holder.organization,
            "projectId": holder.project,
            "userId": holder.user,
            "role": ProjectRole.ADMIN,
            "inheritedFromOrg": False,
        }
    )


DOMAIN = Domain(
    statements={
        "create_organization": 9,
        "list_organizations": 2,
        "read_organization": 1,
        "change_organization": 8,
        "delete_organization": 7,
        "offer_organization_transfer": 15,
        "read_organization_transfer": 2,
        "cancel_organization_transfer": 8,
        "accept_organization_transfer": 20,
        "decline_organization_transfer": 10,
        "list_organization_transfers": 2,
        "list_organization_members": 2,
        "change_organization_member": 9,
        "remove_organization_member": 9,
        "list_organization_invitations": 2,
        "invite_to_organization": 13,
        "revoke_organization_invitation": 8,
        "list_organization_audit_events": 2,
    },
    requests=_requests,
    audited={
        "create_organization": ("organization.created",),
        "change_organization": ("organization.changed",),
        "delete_organization": ("organization.deleted",),
        "offer_organization_transfer": ("transfer.offered",),
        "cancel_organization_transfer": ("transfer.cancelled",),
        "accept_organization_transfer": (
            "organization.transferred",
            "member.role_changed",
            "member.role_changed",
        ),
        "decline_organization_transfer": ("transfer.declined",),
        "change_organization_member": ("member.role_changed",),
        "remove_organization_member": ("member.removed",),
        "invite_to_organization": ("invitation.created",),
        "revoke_organization_invitation": ("invitation.revoked",),
    },
    roles=ROLES_OF_PAGE,
    parameters={"organizationId": new_uuid, "projectId": new_uuid},
    make_rows=_make_rows,
    bodies={
        "create_organization": lambda _: {"name": "Mine"},
        "change_organization": lambda _: {"name": "Changed"},
        "offer_organization_transfer": lambda target: {"userId": target["userId"]},
        "invite_to_organization": lambda target: {"email": target["email"]},
        "change_organization_member": lambda _: {"role": "ADMIN"},
    },
    lists={
        "list_organizations": ("{user}",),
        "list_organization_transfers": ("{user}", "2000-01-01"),
        "list_organization_members": ("{organization}",),
        "list_organization_invitations": ("{organization}",),
        "list_organization_audit_events": ("{organization}",),
    },
    many_rows="""
        INSERT INTO "Invitation" (
            id, hash, "organizationId", "organizationRole", email, "expiresAt"
        )
        SELECT id, id, organization, 'MEMBER', id || '@example.com', now()
        FROM (SELECT gen_random_uuid() AS id, organization FROM work) AS guest;
        INSERT INTO "OrganizationTransfer" (
            id, "organizationId", "offeredById", "userId", "expiresAt"
        )
        SELECT gen_random_uuid(), "organizationId", "organizationId", "userId",
            now() + interval '1 day'
        FROM "OrganizationMember" WHERE role = 'MEMBER'
        ORDER BY "userId" <> '{user}' ON CONFLICT DO NOTHING;
        INSERT INTO "Project" (id, "organizationId", name)
        SELECT gen_random_uuid(), organization, gen_random_uuid() FROM work;
        INSERT INTO "ProjectMember" (
            id, "organizationId", "projectId", "userId", role, "inheritedFromOrg"
        )
        SELECT gen_random_uuid(), "organizationId", "Project".id, "userId", 'EDITOR', false
        FROM "OrganizationMember" JOIN "Project" USING ("organizationId")
        WHERE role = 'OWNER' OR "Project".id = '{projectId}' ON CONFLICT DO NOTHING;
    """,
    policy_rows=PolicyRows(
        create=_create,
        seen_by_user={"Organization": 1, "OrganizationMember": 1, "OrganizationTransfer": 1},
        seen_in_organization={
            "Organization": 1,
            "OrganizationMember": 1,
            "Invitation": 1,
            "Project": 1,
            "ProjectMember": 1,
        },
        seen_by_key={"{name}invitation to organization": "Invitation"},
        forged={
            "organization": lambda world: world.client.organization.create(
                {"name": "for Bob", "createdById": world.bob.user}
            ),
            "organization member": lambda world: world.client.organizationmember.create(
                {"organizationId": world.bob.organization, "userId": world.ann.user}
            ),
            "organization transfer": lambda world: world.client.organizationtransfer.create(
                {
                    "organizationId": world.bob.organization,
                    "offeredById": world.bob.user,
                    "userId": world.bob.user,
                    "expiresAt": _PAST,
                }
            ),
            "organization invitation": lambda world: world.client.invitation.create(
                {
                    "hash": "new",
                    "organizationId": world.bob.organization,
                    "organizationRole": OrgRole.OWNER,
                    "email": "e",
                    "expiresAt": _PAST,
                }
            ),
            "project": lambda world: world.client.project.create(
                {"organizationId": world.bob.organization, "name": "for Bob"}
            ),
            "project member": lambda world: world.client.projectmember.create(
                {
                    "organizationId": world.bob.organization,
                    "projectId": world.bob.project,
                    "userId": world.ann.user,
                }
            ),
        },
    ),
)
