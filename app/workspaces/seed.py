"""Demo workspaces: members of each role, invitations, and the audit trail of all that."""

from datetime import UTC, datetime

from prisma.enums import WorkspaceRole
from prisma.models import User, Workspace

from app import audit
from app.auth import hash_secret
from app.kit.demo import Demo
from app.tenancy.invitations import LIFETIME
from app.workspaces.ids import new_workspace_id

# Known, so that it can be shown each time; only Ivan's account can accept the invitation.
INVITATION_TOKEN = "demo-invitation-of-ivan-to-moon-studio"  # noqa: S105

_NAMES = ("Moon Studio", "Sun Studio")


async def seed(demo: Demo) -> None:
    """Create the workspaces, members and invitations that are missing."""
    olivia, adam, mia, ivan = (demo.users[key] for key in ("olivia", "adam", "mia", "ivan"))
    moon, sun = [await _workspace(demo, name, olivia) for name in _NAMES]
    await _member(demo, moon, adam, WorkspaceRole.admin)
    await _member(demo, moon, mia, WorkspaceRole.member)
    await _member(demo, sun, mia, WorkspaceRole.admin)
    await _invitation(demo, moon, ivan)
    demo.note("sam", "belongs to no workspace")


async def _workspace(demo: Demo, name: str, owner: User) -> Workspace:
    workspace = await demo.tx.workspace.find_first(where={"ownerId": owner.id, "name": name})
    if workspace is None:
        workspace = await demo.tx.workspace.create(
            {
                "id": new_workspace_id(),
                "name": name,
                "description": "Demo data.",
                "ownerId": owner.id,
                "createdById": owner.id,
            }
        )
        await audit.record(
            demo.tx,
            "workspace.created",
            actor=workspace.ownerId,
            workspace=workspace.id,
            subject=workspace.id,
            name=name,
        )
    demo.note("olivia", f"owner of {name}")
    return workspace


async def _member(demo: Demo, workspace: Workspace, user: User, role: WorkspaceRole) -> None:
    if not await _is_member(demo, workspace, user):
        await demo.tx.workspacemember.create(
            {"workspaceId": workspace.id, "userId": user.id, "role": role}
        )
        await audit.record(
            demo.tx,
            "member.added",
            actor=workspace.ownerId,
            workspace=workspace.id,
            subject=user.id,
            role=role,
        )
    demo.note(user.email.partition("@")[0], f"{role} of {workspace.name}")


async def _invitation(demo: Demo, workspace: Workspace, user: User) -> None:
    """Invite a user, unless they have accepted already or a valid invitation waits for them."""
    if await _is_member(demo, workspace, user):
        demo.note("ivan", f"member of {workspace.name}")
        return
    now = datetime.now(UTC)
    await demo.tx.invitation.delete_many(
        where={"workspaceId": workspace.id, "email": user.email, "expiresAt": {"lte": now}}
    )
    found = await demo.tx.invitation.find_first(
        where={"workspaceId": workspace.id, "email": user.email}
    )
    if found is None:
        found = await demo.tx.invitation.create(
            {
                "workspaceId": workspace.id,
                "hash": hash_secret(INVITATION_TOKEN),
                "email": user.email,
                "role": WorkspaceRole.member,
                "invitedById": workspace.ownerId,
                "expiresAt": now + LIFETIME,
            }
        )
        await audit.record(
            demo.tx,
            "invitation.created",
            actor=workspace.ownerId,
            workspace=workspace.id,
            subject=found.id,
            email=user.email,
            role=WorkspaceRole.member,
        )
    demo.note("ivan", f"invited to {workspace.name}; the invitation's token is {INVITATION_TOKEN}")


async def _is_member(demo: Demo, workspace: Workspace, user: User) -> bool:
    return bool(
        await demo.tx.workspacemember.count(where={"workspaceId": workspace.id, "userId": user.id})
    )
