"""What of the models the API shows: allow-lists, so that a new column never appears by itself."""

from prisma.models import AuditEvent, Invitation, Session, User, Workspace, WorkspaceMember

User.create_partial("Account", include=["id", "email", "emailConfirmedAt", "name", "createdAt"])
User.create_partial("Person", include=["id", "email", "name"])
Session.create_partial(
    "OwnSession", include=["id", "workspaceId", "userAgent", "createdAt", "usedAt", "expiresAt"]
)
Workspace.create_partial(
    "WorkspaceView",
    include=["id", "name", "description", "ownerId", "createdAt", "updatedAt"],
)
# Who works in a workspace, as what: all that a request for one asks before it begins.
WorkspaceMember.create_partial(
    "RequestMembership",
    include=["role", "workspace"],
    required=["workspace"],
    relations={"workspace": "WorkspaceView"},
)
User.create_partial(
    "RequestUser",
    include=["id", "email", "name", "memberships"],
    required=["memberships"],
    relations={"memberships": "RequestMembership"},
)
Session.create_partial(
    "RequestSession",
    include=["id", "userId", "expiresAt", "user"],
    required=["user"],
    relations={"user": "RequestUser"},
)
WorkspaceMember.create_partial(
    "OwnMembership",
    include=["id", "role", "joinedAt", "workspace"],
    relations={"workspace": "WorkspaceView"},
)
WorkspaceMember.create_partial(
    "Membership",
    include=["userId", "role", "joinedAt", "user"],
    required=["user"],
    relations={"user": "Person"},
)
Invitation.create_partial(
    "PendingInvitation", include=["id", "email", "role", "invitedById", "createdAt", "expiresAt"]
)
AuditEvent.create_partial(
    "AuditEntry", include=["id", "actorId", "action", "subjectId", "details", "createdAt"]
)
