"""Partial models that the API returns: allow-lists, so that new columns are not exposed."""

from prisma.models import (
    AuditEvent,
    Contact,
    Conversation,
    ConversationTurn,
    ImpersonationSession,
    ImportJob,
    Invitation,
    Organization,
    OrganizationMember,
    OrganizationTransfer,
    Project,
    Role,
    RoleCapability,
    Session,
    Tenant,
    TenantSession,
    TenantUser,
    User,
    UserRole,
    WorkoutPlan,
    WorkoutPlanVersion,
    Workspace,
    WorkspaceMember,
    WorkspaceTransfer,
)

User.create_partial("Account", include=["id", "email", "emailConfirmedAt", "name", "createdAt"])
User.create_partial("Person", include=["id", "email", "name"])
ImpersonationSession.create_partial(
    "ImpersonationView",
    include=[
        "id", "impersonatorId", "impersonatorName", "userId", "workspaceId", "organizationId",
        "reason", "mode", "createdAt", "expiresAt",
    ],
)  # fmt: skip
Session.create_partial(
    "OwnSession",
    include=[
        "id", "workspaceId", "userAgent", "createdAt", "usedAt", "expiresAt", "impersonation",
    ],
    relations={"impersonation": "ImpersonationView"},
)  # fmt: skip
Workspace.create_partial(
    "WorkspaceView",
    include=[
        "id",
        "name",
        "description",
        "ownerId",
        "impersonationAllowed",
        "createdAt",
        "updatedAt",
    ],
)
# What the scope of a workspace request reads: the session, its user, the membership, the workspace.
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
    include=["id", "userId", "usedAt", "expiresAt", "webSessionId", "user"],
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
    "PendingInvitation",
    include=["id", "email", "role", "invitedById", "createdAt", "expiresAt"],
    required=["role"],
)
Invitation.create_partial(
    "PendingOrganizationInvitation",
    include=["id", "email", "organizationRole", "invitedById", "createdAt", "expiresAt"],
    required=["organizationRole"],
)
WorkspaceTransfer.create_partial(
    "PendingTransfer",
    include=["id", "userId", "createdAt", "expiresAt", "workspace"],
    required=["workspace"],
    relations={"workspace": "WorkspaceView"},
)
Organization.create_partial(
    "OrganizationView",
    include=["id", "name", "memberBaseRole", "impersonationAllowed", "createdAt", "updatedAt"],
)
# What the scope of an organization's request reads, like that of a workspace.
OrganizationMember.create_partial(
    "RequestOrganizationMembership",
    include=["role", "organization"],
    required=["organization"],
    relations={"organization": "OrganizationView"},
)
User.create_partial(
    "RequestOrganizationUser",
    include=["id", "email", "name", "organizationMemberships"],
    required=["organizationMemberships"],
    relations={"organizationMemberships": "RequestOrganizationMembership"},
)
Session.create_partial(
    "RequestOrganizationSession",
    include=["id", "userId", "usedAt", "expiresAt", "webSessionId", "user"],
    required=["user"],
    relations={"user": "RequestOrganizationUser"},
)
OrganizationMember.create_partial(
    "OwnOrganizationMembership",
    include=["id", "role", "joinedAt", "organization"],
    relations={"organization": "OrganizationView"},
)
OrganizationMember.create_partial(
    "OrganizationMembership",
    include=["userId", "role", "joinedAt", "user"],
    required=["user"],
    relations={"user": "Person"},
)
OrganizationTransfer.create_partial(
    "PendingOrganizationTransfer",
    include=[
        "id",
        "offeredById",
        "userId",
        "keepsOwnership",
        "createdAt",
        "expiresAt",
        "organization",
    ],
    required=["organization"],
    relations={"organization": "OrganizationView"},
)
AuditEvent.create_partial(
    "AuditEntry",
    include=["id", "actorId", "impersonatorId", "action", "subjectId", "details", "createdAt"],
)
# What a request that needs a capability reads: the session, its user, and the capabilities of all
# their roles.
RoleCapability.create_partial("GivenCapability", include=["capabilityName"])
Role.create_partial(
    "CapableRole",
    include=["capabilities"],
    required=["capabilities"],
    relations={"capabilities": "GivenCapability"},
)
UserRole.create_partial(
    "CapableGrant", include=["role"], required=["role"], relations={"role": "CapableRole"}
)
User.create_partial(
    "CapableUser",
    include=["id", "email", "name", "roles"],
    required=["roles"],
    relations={"roles": "CapableGrant"},
)
Session.create_partial(
    "CapableSession",
    include=["id", "userId", "usedAt", "expiresAt", "webSessionId", "user"],
    required=["user"],
    relations={"user": "CapableUser"},
)
Role.create_partial("RoleName", include=["id", "name"])
Role.create_partial(
    "RoleView", include=["id", "name", "description", "isBuiltIn", "createdAt", "updatedAt"]
)
Role.create_partial(
    "StoredRole",
    include=[
        "id", "name", "description", "isBuiltIn", "createdAt", "updatedAt", "capabilities",
    ],
    required=["capabilities"],
    relations={"capabilities": "GivenCapability"},
)  # fmt: skip
UserRole.create_partial(
    "HeldRole",
    include=["roleId", "grantedById", "createdAt", "role"],
    required=["role"],
    relations={"role": "RoleName"},
)
UserRole.create_partial(
    "RoleHolder",
    include=["userId", "grantedById", "createdAt", "user"],
    required=["user"],
    relations={"user": "Person"},
)
Project.create_partial(
    "ProjectView",
    include=[
        "id",
        "organizationId",
        "name",
        "description",
        "createdById",
        "createdAt",
        "updatedAt",
    ],
)
Tenant.create_partial("TenantView", include=["id", "name", "domain", "createdAt", "updatedAt"])
TenantUser.create_partial(
    "TenantUserView", include=["id", "email", "role", "createdAt", "updatedAt"]
)
# What the scope of a tenant's request reads: the session, its user, the tenant.
TenantUser.create_partial(
    "RequestTenantUser",
    include=["id", "email", "role", "createdAt", "updatedAt", "tenant"],
    required=["tenant"],
    relations={"tenant": "TenantView"},
)
TenantSession.create_partial(
    "RequestTenantSession",
    include=["id", "tenantId", "userId", "expiresAt", "user"],
    required=["user"],
    relations={"user": "RequestTenantUser"},
)
TenantSession.create_partial(
    "OwnTenantSession", include=["id", "userAgent", "createdAt", "usedAt", "expiresAt"]
)
WorkoutPlan.create_partial(
    "WorkoutPlanView", include=["id", "userId", "plan", "version", "createdAt", "updatedAt"]
)
WorkoutPlanVersion.create_partial(
    "WorkoutPlanVersionView", include=["id", "version", "plan", "createdAt"]
)
Contact.create_partial(
    "ContactView",
    include=["id", "waUserId", "phone", "email", "name", "createdAt", "updatedAt"],
)
Conversation.create_partial(
    "ListedConversation",
    include=[
        "id", "channel", "contactId", "whatsAppChannelId", "metadata", "turnCount", "lastTurnAt",
        "createdAt", "updatedAt",
    ],
)  # fmt: skip
Conversation.create_partial(
    "StoredConversation",
    include=[
        "id", "channel", "contactId", "whatsAppChannelId", "transcript", "metadata", "turnCount",
        "lastTurnAt", "createdAt", "updatedAt",
    ],
)  # fmt: skip
ConversationTurn.create_partial(
    "StoredTurn",
    include=[
        "id", "conversationId", "position", "author", "text", "data", "externalId", "status",
        "statusAt", "createdAt",
    ],
)  # fmt: skip
ImportJob.create_partial(
    "ImportJobView",
    include=[
        "id", "kind", "state", "createdById", "linesTotal", "linesRead", "created", "updated",
        "skipped", "errorCount", "errors", "createdAt", "finishedAt",
    ],
)  # fmt: skip
