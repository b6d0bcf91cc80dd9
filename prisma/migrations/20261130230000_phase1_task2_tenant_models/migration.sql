-- CreateEnum
CREATE TYPE "TenantUserRole" AS ENUM ('ADMIN', 'STAFF');

-- CreateEnum
CREATE TYPE "TenantIntegrationType" AS ENUM ('MAGICLINE', 'FITOGRAM', 'GOOGLE_CALENDAR', 'CSV');

-- CreateEnum
CREATE TYPE "PhoneStatus" AS ENUM ('PENDING', 'ACTIVE', 'DISCONNECTED');

-- CreateEnum
CREATE TYPE "WhatsAppStatus" AS ENUM ('PENDING', 'ACTIVE', 'DISCONNECTED');

-- CreateEnum
CREATE TYPE "Channel" AS ENUM ('VOICE', 'WHATSAPP', 'EMAIL');

-- CreateEnum
CREATE TYPE "TurnAuthor" AS ENUM ('CONTACT', 'STAFF', 'AGENT');

-- CreateEnum
CREATE TYPE "TurnStatus" AS ENUM ('SENT', 'DELIVERED', 'READ', 'FAILED');

-- AlterTable
ALTER TABLE "AuditEvent" ADD COLUMN     "tenantId" UUID;

-- CreateTable
CREATE TABLE "Tenant" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "domain" TEXT,
    "createdById" UUID,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Tenant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "TenantUser" (
    "id" UUID NOT NULL,
    "tenantId" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "passwordHash" TEXT,
    "role" "TenantUserRole" NOT NULL DEFAULT 'STAFF',
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "TenantUser_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "TenantSession" (
    "id" UUID NOT NULL,
    "tenantId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "userAgent" TEXT,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "usedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(6) NOT NULL,
    "endsAt" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "TenantSession_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "TenantRefreshToken" (
    "id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "tenantId" UUID NOT NULL,
    "sessionId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(6) NOT NULL,
    "rotatedAt" TIMESTAMPTZ(6),

    CONSTRAINT "TenantRefreshToken_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "TenantEmailToken" (
    "id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "tenantId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "TenantEmailToken_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "TenantIntegration" (
    "id" UUID NOT NULL,
    "tenantId" UUID NOT NULL,
    "type" "TenantIntegrationType" NOT NULL,
    "config" JSONB NOT NULL,
    "active" BOOLEAN NOT NULL DEFAULT true,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "TenantIntegration_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "PhoneNumber" (
    "id" UUID NOT NULL,
    "tenantId" UUID NOT NULL,
    "sipCredentials" JSONB NOT NULL,
    "number" TEXT NOT NULL,
    "status" "PhoneStatus" NOT NULL DEFAULT 'PENDING',
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "PhoneNumber_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "WhatsAppChannel" (
    "id" UUID NOT NULL,
    "tenantId" UUID NOT NULL,
    "waNumber" TEXT NOT NULL,
    "phoneNumberId" TEXT NOT NULL,
    "waCloudApiConfig" JSONB NOT NULL,
    "verifyTokenHash" TEXT NOT NULL,
    "status" "WhatsAppStatus" NOT NULL DEFAULT 'PENDING',
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "WhatsAppChannel_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Contact" (
    "id" UUID NOT NULL,
    "tenantId" UUID NOT NULL,
    "waUserId" TEXT,
    "phone" TEXT,
    "email" TEXT,
    "name" TEXT,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Contact_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Conversation" (
    "id" UUID NOT NULL,
    "tenantId" UUID NOT NULL,
    "channel" "Channel" NOT NULL,
    "contactId" UUID,
    "whatsAppChannelId" UUID,
    "transcript" JSONB NOT NULL DEFAULT '[]',
    "metadata" JSONB NOT NULL DEFAULT '{}',
    "turnCount" INTEGER NOT NULL DEFAULT 0,
    "lastTurnAt" TIMESTAMPTZ(6),
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Conversation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ConversationTurn" (
    "id" UUID NOT NULL,
    "tenantId" UUID NOT NULL,
    "conversationId" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "author" "TurnAuthor" NOT NULL,
    "text" TEXT NOT NULL,
    "externalId" TEXT,
    "status" "TurnStatus",
    "statusAt" TIMESTAMPTZ(6),
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ConversationTurn_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "WorkoutPlan" (
    "id" UUID NOT NULL,
    "tenantId" UUID NOT NULL,
    "userId" UUID,
    "plan" JSONB NOT NULL,
    "version" INTEGER NOT NULL DEFAULT 1,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "WorkoutPlan_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "WorkoutPlanVersion" (
    "id" UUID NOT NULL,
    "tenantId" UUID NOT NULL,
    "workoutPlanId" UUID NOT NULL,
    "version" INTEGER NOT NULL,
    "plan" JSONB NOT NULL,
    "createdAt" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "WorkoutPlanVersion_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "Tenant_domain_key" ON "Tenant"("domain");

-- CreateIndex
CREATE INDEX "Tenant_createdById_idx" ON "Tenant"("createdById");

-- CreateIndex
CREATE UNIQUE INDEX "TenantUser_tenantId_email_key" ON "TenantUser"("tenantId", "email");

-- CreateIndex
CREATE UNIQUE INDEX "TenantUser_tenantId_id_key" ON "TenantUser"("tenantId", "id");

-- CreateIndex
CREATE INDEX "TenantSession_tenantId_userId_id_idx" ON "TenantSession"("tenantId", "userId", "id");

-- CreateIndex
CREATE INDEX "TenantSession_expiresAt_idx" ON "TenantSession"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "TenantRefreshToken_hash_key" ON "TenantRefreshToken"("hash");

-- CreateIndex
CREATE INDEX "TenantRefreshToken_sessionId_idx" ON "TenantRefreshToken"("sessionId");

-- CreateIndex
CREATE INDEX "TenantRefreshToken_tenantId_userId_idx" ON "TenantRefreshToken"("tenantId", "userId");

-- CreateIndex
CREATE INDEX "TenantRefreshToken_expiresAt_idx" ON "TenantRefreshToken"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "TenantEmailToken_hash_key" ON "TenantEmailToken"("hash");

-- CreateIndex
CREATE INDEX "TenantEmailToken_tenantId_userId_idx" ON "TenantEmailToken"("tenantId", "userId");

-- CreateIndex
CREATE INDEX "TenantEmailToken_expiresAt_idx" ON "TenantEmailToken"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "TenantIntegration_tenantId_type_key" ON "TenantIntegration"("tenantId", "type");

-- CreateIndex
CREATE UNIQUE INDEX "PhoneNumber_number_key" ON "PhoneNumber"("number");

-- CreateIndex
CREATE INDEX "PhoneNumber_tenantId_id_idx" ON "PhoneNumber"("tenantId", "id");

-- CreateIndex
CREATE UNIQUE INDEX "WhatsAppChannel_waNumber_key" ON "WhatsAppChannel"("waNumber");

-- CreateIndex
CREATE UNIQUE INDEX "WhatsAppChannel_phoneNumberId_key" ON "WhatsAppChannel"("phoneNumberId");

-- CreateIndex
CREATE INDEX "WhatsAppChannel_verifyTokenHash_idx" ON "WhatsAppChannel"("verifyTokenHash");

-- CreateIndex
CREATE UNIQUE INDEX "WhatsAppChannel_tenantId_id_key" ON "WhatsAppChannel"("tenantId", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Contact_tenantId_id_key" ON "Contact"("tenantId", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Contact_tenantId_waUserId_key" ON "Contact"("tenantId", "waUserId");

-- CreateIndex
CREATE UNIQUE INDEX "Contact_tenantId_phone_key" ON "Contact"("tenantId", "phone");

-- CreateIndex
CREATE UNIQUE INDEX "Contact_tenantId_email_key" ON "Contact"("tenantId", "email");

-- CreateIndex
CREATE INDEX "Conversation_tenantId_channel_createdAt_id_idx" ON "Conversation"("tenantId", "channel", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Conversation_tenantId_createdAt_id_idx" ON "Conversation"("tenantId", "createdAt", "id");

-- CreateIndex
CREATE INDEX "Conversation_tenantId_contactId_createdAt_id_idx" ON "Conversation"("tenantId", "contactId", "createdAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Conversation_tenantId_id_key" ON "Conversation"("tenantId", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Conversation_tenantId_whatsAppChannelId_contactId_key" ON "Conversation"("tenantId", "whatsAppChannelId", "contactId");

-- CreateIndex
CREATE UNIQUE INDEX "ConversationTurn_tenantId_conversationId_position_key" ON "ConversationTurn"("tenantId", "conversationId", "position");

-- CreateIndex
CREATE UNIQUE INDEX "ConversationTurn_tenantId_externalId_key" ON "ConversationTurn"("tenantId", "externalId");

-- CreateIndex
CREATE INDEX "WorkoutPlan_tenantId_userId_id_idx" ON "WorkoutPlan"("tenantId", "userId", "id");

-- CreateIndex
CREATE INDEX "WorkoutPlan_userId_idx" ON "WorkoutPlan"("userId");

-- CreateIndex
CREATE UNIQUE INDEX "WorkoutPlan_tenantId_id_key" ON "WorkoutPlan"("tenantId", "id");

-- CreateIndex
CREATE UNIQUE INDEX "WorkoutPlanVersion_tenantId_workoutPlanId_version_key" ON "WorkoutPlanVersion"("tenantId", "workoutPlanId", "version");

-- CreateIndex
CREATE INDEX "AuditEvent_tenantId_id_idx" ON "AuditEvent"("tenantId", "id");

-- AddForeignKey
ALTER TABLE "Tenant" ADD CONSTRAINT "Tenant_createdById_fkey" FOREIGN KEY ("createdById") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TenantUser" ADD CONSTRAINT "TenantUser_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TenantSession" ADD CONSTRAINT "TenantSession_tenantId_userId_fkey" FOREIGN KEY ("tenantId", "userId") REFERENCES "TenantUser"("tenantId", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TenantRefreshToken" ADD CONSTRAINT "TenantRefreshToken_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "TenantSession"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TenantRefreshToken" ADD CONSTRAINT "TenantRefreshToken_tenantId_userId_fkey" FOREIGN KEY ("tenantId", "userId") REFERENCES "TenantUser"("tenantId", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TenantEmailToken" ADD CONSTRAINT "TenantEmailToken_tenantId_userId_fkey" FOREIGN KEY ("tenantId", "userId") REFERENCES "TenantUser"("tenantId", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "TenantIntegration" ADD CONSTRAINT "TenantIntegration_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "PhoneNumber" ADD CONSTRAINT "PhoneNumber_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WhatsAppChannel" ADD CONSTRAINT "WhatsAppChannel_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Contact" ADD CONSTRAINT "Contact_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Conversation" ADD CONSTRAINT "Conversation_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Conversation" ADD CONSTRAINT "Conversation_tenantId_contactId_fkey" FOREIGN KEY ("tenantId", "contactId") REFERENCES "Contact"("tenantId", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Conversation" ADD CONSTRAINT "Conversation_tenantId_whatsAppChannelId_fkey" FOREIGN KEY ("tenantId", "whatsAppChannelId") REFERENCES "WhatsAppChannel"("tenantId", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ConversationTurn" ADD CONSTRAINT "ConversationTurn_tenantId_conversationId_fkey" FOREIGN KEY ("tenantId", "conversationId") REFERENCES "Conversation"("tenantId", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WorkoutPlan" ADD CONSTRAINT "WorkoutPlan_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WorkoutPlan" ADD CONSTRAINT "WorkoutPlan_userId_fkey" FOREIGN KEY ("userId") REFERENCES "TenantUser"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WorkoutPlanVersion" ADD CONSTRAINT "WorkoutPlanVersion_tenantId_workoutPlanId_fkey" FOREIGN KEY ("tenantId", "workoutPlanId") REFERENCES "WorkoutPlan"("tenantId", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema cannot express: checks, functions, triggers and row-level security.

ALTER TABLE "Tenant" ADD CONSTRAINT "Tenant_domain_check" CHECK ("domain" = lower("domain") AND "domain" <> '');
ALTER TABLE "TenantUser" ADD CONSTRAINT "TenantUser_email_check" CHECK ("email" = lower("email"));
ALTER TABLE "Contact" ADD CONSTRAINT "Contact_key_check" CHECK (num_nonnulls("waUserId", "phone", "email") > 0);
ALTER TABLE "Contact" ADD CONSTRAINT "Contact_email_check" CHECK ("email" = lower("email"));
ALTER TABLE "AuditEvent" DROP CONSTRAINT "AuditEvent_scope_check";
ALTER TABLE "AuditEvent" ADD CONSTRAINT "AuditEvent_scope_check" CHECK (
    num_nonnulls("workspaceId", "organizationId", "tenantId") <= 1
);

-- A page of a list is read in the order of an index: PostgreSQL takes 200 rows for the length of each.
ALTER TABLE "TenantUser" ALTER COLUMN "tenantId" SET (n_distinct = -0.005);
ALTER TABLE "TenantSession"
    ALTER COLUMN "tenantId" SET (n_distinct = -0.005), ALTER COLUMN "userId" SET (n_distinct = -0.005);
ALTER TABLE "TenantIntegration" ALTER COLUMN "tenantId" SET (n_distinct = -0.005);
ALTER TABLE "PhoneNumber" ALTER COLUMN "tenantId" SET (n_distinct = -0.005);
ALTER TABLE "WhatsAppChannel" ALTER COLUMN "tenantId" SET (n_distinct = -0.005);
ALTER TABLE "Contact" ALTER COLUMN "tenantId" SET (n_distinct = -0.005);
ALTER TABLE "Conversation"
    ALTER COLUMN "tenantId" SET (n_distinct = -0.005),
    ALTER COLUMN "contactId" SET (n_distinct = -0.005),
    ALTER COLUMN "whatsAppChannelId" SET (n_distinct = -0.005);
ALTER TABLE "ConversationTurn"
    ALTER COLUMN "tenantId" SET (n_distinct = -0.005), ALTER COLUMN "conversationId" SET (n_distinct = -0.005);
ALTER TABLE "WorkoutPlan"
    ALTER COLUMN "tenantId" SET (n_distinct = -0.005), ALTER COLUMN "userId" SET (n_distinct = -0.005);
ALTER TABLE "WorkoutPlanVersion"
    ALTER COLUMN "tenantId" SET (n_distinct = -0.005), ALTER COLUMN "workoutPlanId" SET (n_distinct = -0.005);
ALTER TABLE "AuditEvent" ALTER COLUMN "tenantId" SET (n_distinct = -0.005);

-- The tenant of the request, if it is inside one.
CREATE FUNCTION scope_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('tenantry.tenant', true), '')::uuid;

-- The installation's events belong to no tenancy of any kind.
DROP INDEX "AuditEvent_installation_idx";
CREATE INDEX "AuditEvent_installation_idx" ON "AuditEvent"("id")
WHERE "workspaceId" IS NULL AND "organizationId" IS NULL AND "tenantId" IS NULL;
ALTER POLICY "of the installation, seen by auditors" ON "AuditEvent" USING (
    "workspaceId" IS NULL AND "organizationId" IS NULL AND "tenantId" IS NULL
    AND (SELECT scope_permits('audit.read'))
);
ALTER POLICY "of the installation, written with a capability" ON "AuditEvent" WITH CHECK (
    num_nonnulls("workspaceId", "organizationId", "tenantId") = 1 OR (SELECT scope_permits(scope_capability()))
);
ALTER POLICY "seen from inside" ON "AuditEvent" USING (
    CASE WHEN "workspaceId" = (SELECT scope_workspace()) THEN true
        WHEN "organizationId" = (SELECT scope_organization()) THEN true
        ELSE "tenantId" = (SELECT scope_tenant()) END
);
ALTER POLICY "written by who acts" ON "AuditEvent" WITH CHECK (
    "workspaceId" IS NOT DISTINCT FROM (SELECT scope_workspace())
    AND "organizationId" IS NOT DISTINCT FROM (SELECT scope_organization())
    AND "tenantId" IS NOT DISTINCT FROM (SELECT scope_tenant())
    AND "actorId" = (SELECT scope_user())
    AND "impersonatorId" IS NOT DISTINCT FROM (SELECT scope_impersonator())
);

-- Its users see a tenant, and whoever manages tenants sees all. A host finds its own before a log-in.
ALTER TABLE "Tenant" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen from inside" ON "Tenant" FOR SELECT USING ("id" = (SELECT scope_tenant()));
CREATE POLICY "found by its host" ON "Tenant" FOR SELECT USING ("domain" = (SELECT scope_key()));
CREATE POLICY "managed with the capability" ON "Tenant" USING ((SELECT scope_permits('tenants.manage')));

-- Before a log-in, an address shows its own user alone, in the tenant that the path names.
ALTER TABLE "TenantUser" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "of the tenant" ON "TenantUser" USING (
    "tenantId" = (SELECT scope_tenant())
    AND CASE WHEN "email" = (SELECT scope_key()) THEN true ELSE (SELECT scope_user()) IS NOT NULL END
);

ALTER TABLE "TenantSession" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "one's own" ON "TenantSession" USING (
    "tenantId" = (SELECT scope_tenant()) AND "userId" = (SELECT scope_user())
);

ALTER TABLE "TenantRefreshToken" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "one's own" ON "TenantRefreshToken" USING (
    "tenantId" = (SELECT scope_tenant()) AND "userId" = (SELECT scope_user())
);
CREATE POLICY "found by its holder" ON "TenantRefreshToken" FOR SELECT USING (
    "tenantId" = (SELECT scope_tenant()) AND "hash" = (SELECT scope_key())
);

-- Administrators mail links to other users. Nobody reads those of others.
ALTER TABLE "TenantEmailToken" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "one's own" ON "TenantEmailToken" USING (
    "tenantId" = (SELECT scope_tenant()) AND "userId" = (SELECT scope_user())
);
CREATE POLICY "found by its holder" ON "TenantEmailToken" FOR SELECT USING (
    "tenantId" = (SELECT scope_tenant()) AND "hash" = (SELECT scope_key())
);
CREATE POLICY "mailed from inside" ON "TenantEmailToken" FOR INSERT WITH CHECK (
    "tenantId" = (SELECT scope_tenant())
);

-- Meta's notifications find the channel by the id of its number, and by the verify token.
ALTER TABLE "WhatsAppChannel" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "of the tenant" ON "WhatsAppChannel" USING ("tenantId" = (SELECT scope_tenant()));
CREATE POLICY "found by its number" ON "WhatsAppChannel" FOR SELECT USING (
    CASE WHEN "phoneNumberId" = (SELECT scope_key()) THEN true ELSE "verifyTokenHash" = (SELECT scope_key()) END
);

-- A plan is for a user of the same tenant.
ALTER TABLE "WorkoutPlan" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "of the tenant" ON "WorkoutPlan" USING ("tenantId" = (SELECT scope_tenant())) WITH CHECK (
    "tenantId" = (SELECT scope_tenant()) AND CASE WHEN "userId" IS NULL THEN true ELSE EXISTS (
        SELECT FROM "TenantUser" WHERE "TenantUser"."tenantId" = (SELECT scope_tenant()) AND "TenantUser"."id" = "userId"
    ) END
);

DO $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY[
        'TenantIntegration', 'PhoneNumber', 'Contact', 'Conversation', 'ConversationTurn', 'WorkoutPlanVersion'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', target);
        EXECUTE format(
            'CREATE POLICY "of the tenant" ON %I USING ("tenantId" = (SELECT scope_tenant()))', target
        );
    END LOOP;
    -- Nobody acts as somebody else in a tenant.
    FOREACH target IN ARRAY ARRAY[
        'Tenant', 'TenantUser', 'TenantSession', 'TenantRefreshToken', 'TenantEmailToken', 'TenantIntegration',
        'PhoneNumber', 'WhatsAppChannel', 'Contact', 'Conversation', 'ConversationTurn', 'WorkoutPlan',
        'WorkoutPlanVersion'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER "not while impersonating" BEFORE INSERT OR UPDATE OR DELETE ON %I
            WHEN (scope_impersonator() IS NOT NULL) EXECUTE FUNCTION refuse_while_impersonating()', target
        );
    END LOOP;
END $$;
