"""What the tests know about the routes of app/workspaces."""

import uuid
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

from prisma import Prisma
from prisma.enums import WorkspaceRole

from app.workspaces import new_workspace_id
from tests.domains import Domain, Holder, PolicyRows, Request, new_uuid
from tests.fix_api import Person
from tests.fix_team import Team, make_team
from tests.workspaces.roles import ROLES_OF_PAGE

_PAST = datetime(2020, 1, 1, tzinfo=UTC)


async def _requests(team: Team) -> AsyncIterator[tuple[str, Request]]:
    api, owner, admin = team.api, team.owner, team.admin
    ann, bob = await api.person("ann.guest"), await team.joined("bob")

    yield "create_workspace", lambda: ann.post("/v1/workspaces", {"name": "Another"})
    yield "list_workspaces", lambda: admin.get("/v1/workspaces")
    yield "read_workspace", lambda: admin.get(team.path)
    yield "change_workspace", lambda: admin.patch(team.path, {"name": "Renamed"})
    yield "list_members", lambda: admin.get(f"{team.path}/members")
    yield "list_audit_events", lambda: admin.get(f"{team.path}/audit-events")
    yield "list_invitations", lambda: admin.get(f"{team.path}/invitations")

    guest = {"email": ann.email}
    yield "invite", lambda: admin.post(f"{team.path}/invitations", guest)
    id_, _ = await team.invited("nobody@example.com")
    yield "revoke_invitation", lambda: admin.delete(f"{team.path}/invitations/{id_}")
    role = {"role": "admin"}
    yield "change_member", lambda: owner.patch(f"{team.path}/members/{bob.id}", role)
    yield "remove_member", lambda: owner.delete(f"{team.path}/members/{bob.id}")
    other = await make_team(api, "other")
    await team.add(other.owner)
    await other.add(admin)
    colleague = {"userId": other.member.id}
    yield "add_member", lambda: admin.post(f"{team.path}/members", colleague)
    new_owner, transfer = {"userId": admin.id}, f"{team.path}/transfer"
    yield "offer_transfer", lambda: owner.post(transfer, new_owner)
    yield "read_transfer", lambda: admin.get(transfer)
    yield "list_transfers", lambda: admin.get("/v1/me/transfers")
    yield "cancel_transfer", lambda: owner.delete(transfer)
    await team.offered(admin)
    yield "decline_transfer", lambda: admin.post(f"{transfer}/decline")
    await team.offered(admin)
    yield "accept_transfer", lambda: admin.post(f"{transfer}/accept")
    yield "delete_workspace", lambda: admin.delete(team.path)


async def _make_rows(team: Team, person: Person) -> Mapping[str, str]:
    for _ in range(2):
        guest = {"email": f"{uuid.uuid4().hex}@example.com"}
        await team.owner.post(f"{team.path}/invitations", guest)
    await team.owner.post("/v1/workspaces", {"name": f"Team {team.name} again"})
    if not await team.api.owner.workspacetransfer.count(where={"workspaceId": team.id}):
        await team.offered(team.admin)
    for number in range(2):  # offers to the owner of the team
        other = await make_team(team.api, f"offer{number}.{uuid.uuid4().hex}")
        await other.add(team.owner)
        await other.offered(team.owner)
    invitation, _ = await team.invited(f"guest.{uuid.uuid4().hex}@example.com")
    return {"workspaceId": team.id, "userId": person.id, "invitationId": invitation}


async def _create(owner: Prisma, holder: Holder) -> None:
    await owner.invitation.create(
        {
            "hash": f"{holder.name}invitation",
            "workspaceId": holder.workspace,
            "role": WorkspaceRole.member,
            "email": "guest@example.com",
            "expiresAt": _PAST,
        }
    )
    await owner.workspacetransfer.create(
        {"workspaceId": holder.workspace, "userId": holder.user, "expiresAt": _PAST}
    )


DOMAIN = Domain(
    statements={
        "create_workspace": 7,
        "list_workspaces": 2,
        "read_workspace": 1,
        "change_workspace": 7,
        "list_members": 2,
        "list_audit_events": 2,
        "list_invitations": 2,
        "invite": 13,
        "revoke_invitation": 8,
        "change_member": 9,
        "remove_member": 8,
        "add_member": 10,
        "offer_transfer": 15,
        "read_transfer": 2,
        "list_transfers": 2,
        "cancel_transfer": 8,
        "decline_transfer": 10,
        "accept_transfer": 14,
        "delete_workspace": 7,
    },
    requests=_requests,
    audited={
        "create_workspace": ("workspace.created",),
        "change_workspace": ("workspace.changed",),
        "invite": ("invitation.created",),
        "revoke_invitation": ("invitation.revoked",),
        "change_member": ("member.role_changed",),
        "remove_member": ("member.removed",),
        "add_member": ("member.added",),
        "offer_transfer": ("transfer.offered",),
        "cancel_transfer": ("transfer.cancelled",),
        "decline_transfer": ("transfer.declined",),
        "accept_transfer": ("workspace.transferred",),
        "delete_workspace": ("workspace.deleted",),
    },
    roles=ROLES_OF_PAGE,
    parameters={
        "workspaceId": new_workspace_id,
        "userId": new_uuid,
        "invitationId": new_uuid,
    },
    make_rows=_make_rows,
    bodies={
        "create_workspace": lambda _: {"name": "Mine"},
        "change_workspace": lambda _: {"name": "Changed"},
        "offer_transfer": lambda target: {"userId": target["userId"]},
        "add_member": lambda target: {"userId": target["userId"]},
        "change_member": lambda _: {"role": "admin"},
        "invite": lambda target: {"email": target["email"]},
    },
    lists={
        "list_workspaces": ("{user}",),
        "list_members": ("{workspace}",),
        "list_audit_events": ("{workspace}",),
        "list_invitations": ("{workspace}",),
        "list_transfers": ("{user}", "2000-01-01"),
    },
    many_rows="""
        INSERT INTO "Invitation" (id, hash, "workspaceId", role, email, "expiresAt")
        SELECT id, id, workspace, 'member', id || '@example.com', now()
        FROM (SELECT gen_random_uuid() AS id, workspace FROM work) AS guest;
        INSERT INTO "WorkspaceTransfer" (id, "workspaceId", "userId", "expiresAt")
        SELECT gen_random_uuid(), "workspaceId", "userId", now() + interval '1 day'
        FROM "WorkspaceMember" JOIN (
            SELECT "user", count(*) AS count FROM work GROUP BY "user"
        ) AS counted ON "userId" = "user"
        ORDER BY count DESC ON CONFLICT DO NOTHING;
    """,
    policy_rows=PolicyRows(
        create=_create,
        seen_by_user={"Workspace": 1, "WorkspaceMember": 1, "WorkspaceTransfer": 1},
        seen_in_workspace={"Workspace": 1, "WorkspaceMember": 1, "Invitation": 1},
        seen_by_key={"{name}invitation": "Invitation"},
        forged={
            "member": lambda world: world.client.workspacemember.create(
                {"workspaceId": world.bob.workspace, "userId": world.ann.user}
            ),
            "invitation": lambda world: world.client.invitation.create(
                {
                    "hash": "new",
                    "workspaceId": world.bob.workspace,
                    "role": WorkspaceRole.member,
                    "email": "e",
                    "expiresAt": _PAST,
                }
            ),
            "transfer": lambda world: world.client.workspacetransfer.create(
                {"workspaceId": world.bob.workspace, "userId": world.bob.user, "expiresAt": _PAST}
            ),
            "workspace": lambda world: world.client.workspace.create(
                {"name": "for Bob", "ownerId": world.bob.user}
            ),
        },
    ),
)
