-- CreateEnum
CREATE TYPE "WorkspaceRole" AS ENUM ('owner', 'admin', 'member');

-- CreateEnum
CREATE TYPE "EmailTokenPurpose" AS ENUM ('confirm', 'reset');

-- AlterTable
ALTER TABLE "User" ADD COLUMN     "emailConfirmedAt" TIMESTAMPTZ(6),
ADD COLUMN     "passwordHash" TEXT,
ADD COLUMN     "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- AlterTable
ALTER TABLE "Workspace" ADD COLUMN     "createdById" UUID,
ADD COLUMN     "description" TEXT,
ADD COLUMN     "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP;

-- CreateTable
CREATE TABLE "WorkspaceMember" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "workspaceId" VARCHAR(20) NOT NULL,
    "userId" UUID NOT NULL,
    "role" "WorkspaceRole" NOT NULL DEFAULT 'member',
    "joinedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "WorkspaceMember_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Session" (
    "id" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "workspaceId" VARCHAR(20),
    "userAgent" TEXT,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "usedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "Session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "RefreshToken" (
    "id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "sessionId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(6) NOT NULL,
    "rotatedAt" TIMESTAMPTZ(6),

    CONSTRAINT "RefreshToken_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "EmailToken" (
    "id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "purpose" "EmailTokenPurpose" NOT NULL,
    "userId" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "EmailToken_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Invitation" (
    "id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "workspaceId" VARCHAR(20) NOT NULL,
    "email" TEXT NOT NULL,
    "role" "WorkspaceRole" NOT NULL DEFAULT 'member',
    "invitedById" UUID,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "Invitation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "AuditEvent" (
    "id" UUID NOT NULL,
    "workspaceId" VARCHAR(20) NOT NULL,
    "actorId" UUID NOT NULL,
    "action" TEXT NOT NULL,
    "subjectId" TEXT,
    "details" JSONB NOT NULL DEFAULT '{}',
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "AuditEvent_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "OutboxMail" (
    "id" UUID NOT NULL,
    "recipient" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "lastError" TEXT,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "nextAttemptAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "OutboxMail_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Throttle" (
    "key" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "resetsAt" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "Throttle_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "WorkspaceMember_workspaceId_joinedAt_id_idx" ON "WorkspaceMember"("workspaceId", "joinedAt", "id");

-- CreateIndex
CREATE INDEX "WorkspaceMember_userId_joinedAt_id_idx" ON "WorkspaceMember"("userId", "joinedAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "WorkspaceMember_workspaceId_userId_key" ON "WorkspaceMember"("workspaceId", "userId");

-- CreateIndex
CREATE INDEX "Session_userId_createdAt_idx" ON "Session"("userId", "createdAt");

-- CreateIndex
CREATE INDEX "Session_workspaceId_idx" ON "Session"("workspaceId");

-- CreateIndex
CREATE INDEX "Session_expiresAt_idx" ON "Session"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "RefreshToken_hash_key" ON "RefreshToken"("hash");

-- CreateIndex
CREATE INDEX "RefreshToken_sessionId_idx" ON "RefreshToken"("sessionId");

-- CreateIndex
CREATE INDEX "RefreshToken_userId_idx" ON "RefreshToken"("userId");

-- CreateIndex
CREATE INDEX "RefreshToken_expiresAt_idx" ON "RefreshToken"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "EmailToken_hash_key" ON "EmailToken"("hash");

-- CreateIndex
CREATE INDEX "EmailToken_userId_idx" ON "EmailToken"("userId");

-- CreateIndex
CREATE INDEX "EmailToken_expiresAt_idx" ON "EmailToken"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "Invitation_hash_key" ON "Invitation"("hash");

-- CreateIndex
CREATE INDEX "Invitation_workspaceId_id_idx" ON "Invitation"("workspaceId", "id");

-- CreateIndex
CREATE INDEX "Invitation_invitedById_idx" ON "Invitation"("invitedById");

-- CreateIndex
CREATE INDEX "Invitation_expiresAt_idx" ON "Invitation"("expiresAt");

-- CreateIndex
CREATE UNIQUE INDEX "Invitation_workspaceId_email_key" ON "Invitation"("workspaceId", "email");

-- CreateIndex
CREATE INDEX "AuditEvent_workspaceId_id_idx" ON "AuditEvent"("workspaceId", "id");

-- CreateIndex
CREATE INDEX "OutboxMail_nextAttemptAt_idx" ON "OutboxMail"("nextAttemptAt");

-- CreateIndex
CREATE INDEX "Throttle_resetsAt_idx" ON "Throttle"("resetsAt");

-- CreateIndex
CREATE INDEX "Workspace_createdById_idx" ON "Workspace"("createdById");

-- AddForeignKey
ALTER TABLE "Workspace" ADD CONSTRAINT "Workspace_createdById_fkey" FOREIGN KEY ("createdById") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WorkspaceMember" ADD CONSTRAINT "WorkspaceMember_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WorkspaceMember" ADD CONSTRAINT "WorkspaceMember_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Session" ADD CONSTRAINT "Session_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RefreshToken" ADD CONSTRAINT "RefreshToken_sessionId_fkey" FOREIGN KEY ("sessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RefreshToken" ADD CONSTRAINT "RefreshToken_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "EmailToken" ADD CONSTRAINT "EmailToken_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Invitation" ADD CONSTRAINT "Invitation_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Invitation" ADD CONSTRAINT "Invitation_invitedById_fkey" FOREIGN KEY ("invitedById") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- What Prisma's schema cannot say: checks, triggers and row-level security.

UPDATE "User" SET "email" = lower("email") WHERE "email" <> lower("email");
ALTER TABLE "User" ADD CONSTRAINT "User_email_check" CHECK ("email" = lower("email"));
ALTER TABLE "Invitation" ADD CONSTRAINT "Invitation_email_check" CHECK ("email" = lower("email"));
ALTER TABLE "Invitation" ADD CONSTRAINT "Invitation_role_check" CHECK ("role" <> 'owner');
ALTER TABLE "Workspace" ADD CONSTRAINT "Workspace_id_check" CHECK ("id" ~ '^[A-Za-z0-9]{10,20}$');

-- One owner at most; that there is one, the triggers below see to.
CREATE UNIQUE INDEX "WorkspaceMember_owner_key" ON "WorkspaceMember"("workspaceId") WHERE "role" = 'owner';

INSERT INTO "WorkspaceMember" ("workspaceId", "userId", "role", "joinedAt")
SELECT "id", "ownerId", 'owner', "createdAt" FROM "Workspace";

-- Whoever a workspace's row names as the owner is a member with that role, and nobody else is.
CREATE FUNCTION keep_owner_as_member() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE "WorkspaceMember" SET "role" = 'admin'
    WHERE "workspaceId" = NEW."id" AND "role" = 'owner' AND "userId" <> NEW."ownerId";
    INSERT INTO "WorkspaceMember" ("workspaceId", "userId", "role")
    VALUES (NEW."id", NEW."ownerId", 'owner')
    ON CONFLICT ("workspaceId", "userId") DO UPDATE SET "role" = 'owner';
    RETURN NULL;
END $$;

CREATE TRIGGER "Workspace_keep_owner_as_member"
AFTER INSERT OR UPDATE OF "ownerId" ON "Workspace"
FOR EACH ROW EXECUTE FUNCTION keep_owner_as_member();

CREATE FUNCTION refuse_workspace_without_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF EXISTS (
        SELECT FROM "Workspace" WHERE "id" IN (OLD."workspaceId", NEW."workspaceId") AND NOT EXISTS (
            SELECT FROM "WorkspaceMember" AS "member"
            WHERE "member"."workspaceId" = "Workspace"."id"
                AND "member"."userId" = "Workspace"."ownerId" AND "member"."role" = 'owner'
        )
    ) THEN
        RAISE check_violation USING
            MESSAGE = 'the owner of a workspace is one of its members, with the role owner',
            CONSTRAINT = 'WorkspaceMember_owner_check', TABLE = 'WorkspaceMember';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER "WorkspaceMember_owner_check"
AFTER INSERT OR UPDATE OR DELETE ON "WorkspaceMember" DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse_workspace_without_owner();

-- A session does not stay in a workspace that its user is no member of.
CREATE FUNCTION end_work_in_workspace() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE "Session" SET "workspaceId" = NULL
    WHERE "userId" = OLD."userId" AND "workspaceId" = OLD."workspaceId";
    RETURN NULL;
END $$;

CREATE TRIGGER "WorkspaceMember_end_work_in_workspace"
AFTER DELETE ON "WorkspaceMember"
FOR EACH ROW EXECUTE FUNCTION end_work_in_workspace();

-- The scope in which the service's role works: who calls, in which workspace, with which key in
-- hand (an address or the hash of a token, before it is known who calls). Empty means none.
CREATE FUNCTION scope_user() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('tenantry.user', true), '')::uuid;

CREATE FUNCTION scope_workspace() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('tenantry.workspace', true), '');

CREATE FUNCTION scope_key() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('tenantry.key', true), '');

-- Whether the caller works together with somebody, in any workspace.
CREATE FUNCTION shares_workspace_with(someone uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM "WorkspaceMember" AS "mine"
        JOIN "WorkspaceMember" AS "theirs" ON "theirs"."workspaceId" = "mine"."workspaceId"
        WHERE "mine"."userId" = scope_user() AND "theirs"."userId" = someone
    );
END $$;

-- They run as the owner, and find its tables and no others whatever the caller's search_path.
DO $$
DECLARE
    definer text;
BEGIN
    FOREACH definer IN ARRAY ARRAY[
        'keep_owner_as_member()', 'refuse_workspace_without_owner()', 'end_work_in_workspace()',
        'shares_workspace_with(uuid)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', definer, current_schema());
    END LOOP;
END $$;

ALTER TABLE "User" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen by themselves and colleagues" ON "User" FOR SELECT USING (
    "id" = (SELECT scope_user()) OR "email" = (SELECT scope_key()) OR EXISTS (
        SELECT FROM "WorkspaceMember" AS "member"
        WHERE "member"."userId" = "User"."id" AND "member"."workspaceId" = (SELECT scope_workspace())
    )
);
CREATE POLICY "made by themselves" ON "User" FOR INSERT WITH CHECK ("id" = (SELECT scope_user()));
CREATE POLICY "changed by themselves" ON "User" FOR UPDATE USING ("id" = (SELECT scope_user()));
CREATE POLICY "deleted by themselves" ON "User" FOR DELETE USING ("id" = (SELECT scope_user()));

ALTER TABLE "Workspace" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen by members" ON "Workspace" FOR SELECT USING (
    "id" = (SELECT scope_workspace()) OR "ownerId" = (SELECT scope_user()) OR EXISTS (
        SELECT FROM "WorkspaceMember" AS "member"
        WHERE "member"."workspaceId" = "Workspace"."id" AND "member"."userId" = (SELECT scope_user())
    )
);
CREATE POLICY "made by the owner" ON "Workspace" FOR INSERT WITH CHECK ("ownerId" = (SELECT scope_user()));
CREATE POLICY "changed from inside" ON "Workspace" FOR UPDATE USING ("id" = (SELECT scope_workspace()));
CREATE POLICY "deleted by the owner" ON "Workspace" FOR DELETE USING (
    "id" = (SELECT scope_workspace()) AND "ownerId" = (SELECT scope_user())
);

ALTER TABLE "WorkspaceMember" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen by members" ON "WorkspaceMember" FOR SELECT USING (
    "workspaceId" = (SELECT scope_workspace()) OR "userId" = (SELECT scope_user())
);
CREATE POLICY "added from inside" ON "WorkspaceMember" FOR INSERT WITH CHECK ("workspaceId" = (SELECT scope_workspace()));
CREATE POLICY "changed from inside" ON "WorkspaceMember" FOR UPDATE USING ("workspaceId" = (SELECT scope_workspace()));
CREATE POLICY "removed from inside" ON "WorkspaceMember" FOR DELETE USING ("workspaceId" = (SELECT scope_workspace()));

ALTER TABLE "Session" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "one's own" ON "Session" USING ("userId" = (SELECT scope_user()));

ALTER TABLE "RefreshToken" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "one's own" ON "RefreshToken" USING ("userId" = (SELECT scope_user()));
CREATE POLICY "found by its holder" ON "RefreshToken" FOR SELECT USING ("hash" = (SELECT scope_key()));

ALTER TABLE "EmailToken" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "one's own" ON "EmailToken" USING ("userId" = (SELECT scope_user()));
CREATE POLICY "found by its holder" ON "EmailToken" FOR SELECT USING ("hash" = (SELECT scope_key()));

ALTER TABLE "Invitation" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "the workspace's" ON "Invitation" USING ("workspaceId" = (SELECT scope_workspace()));
CREATE POLICY "found by its holder" ON "Invitation" FOR SELECT USING ("hash" = (SELECT scope_key()));

-- Read and appended to; never changed or deleted.
ALTER TABLE "AuditEvent" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "the workspace's" ON "AuditEvent" FOR SELECT USING ("workspaceId" = (SELECT scope_workspace()));
CREATE POLICY "written by who acts" ON "AuditEvent" FOR INSERT WITH CHECK (
    "workspaceId" = (SELECT scope_workspace()) AND "actorId" = (SELECT scope_user())
);

-- Put in by anybody; sent, and read, by the owner of the tables alone.
ALTER TABLE "OutboxMail" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "put in by anybody" ON "OutboxMail" FOR INSERT WITH CHECK (true);

ALTER TABLE "Throttle" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "of the key in hand" ON "Throttle" USING ("key" = (SELECT scope_key()));
