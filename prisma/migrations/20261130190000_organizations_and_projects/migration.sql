-- CreateEnum
CREATE TYPE "OrgRole" AS ENUM ('OWNER', 'ADMIN', 'MEMBER');

-- CreateEnum
CREATE TYPE "ProjectRole" AS ENUM ('ADMIN', 'EDITOR', 'VIEWER');

-- AlterTable
ALTER TABLE "AuditEvent" ADD COLUMN     "impersonatorId" UUID,
ADD COLUMN     "organizationId" UUID,
ALTER COLUMN "workspaceId" DROP NOT NULL;

-- AlterTable
ALTER TABLE "Invitation" ADD COLUMN     "organizationId" UUID,
ADD COLUMN     "organizationRole" "OrgRole",
ALTER COLUMN "workspaceId" DROP NOT NULL,
ALTER COLUMN "role" DROP NOT NULL,
ALTER COLUMN "role" DROP DEFAULT;

-- AlterTable
ALTER TABLE "Workspace" ADD COLUMN     "impersonationAllowed" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "Organization" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "memberBaseRole" "ProjectRole" DEFAULT 'VIEWER',
    "impersonationAllowed" BOOLEAN NOT NULL DEFAULT false,
    "createdById" UUID,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Organization_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "OrganizationMember" (
    "id" UUID NOT NULL,
    "organizationId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "role" "OrgRole" NOT NULL DEFAULT 'MEMBER',
    "joinedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "OrganizationMember_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "OrganizationTransfer" (
    "id" UUID NOT NULL,
    "organizationId" UUID NOT NULL,
    "offeredById" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "keepsOwnership" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "OrganizationTransfer_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Project" (
    "id" UUID NOT NULL,
    "organizationId" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "createdById" UUID,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Project_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ProjectMember" (
    "id" UUID NOT NULL,
    "organizationId" UUID NOT NULL,
    "projectId" UUID NOT NULL,
    "userId" UUID NOT NULL,
    "role" "ProjectRole",
    "inheritedFromOrg" BOOLEAN NOT NULL DEFAULT true,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ProjectMember_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "Organization_createdById_idx" ON "Organization"("createdById");

-- CreateIndex
CREATE INDEX "OrganizationMember_organizationId_joinedAt_id_idx" ON "OrganizationMember"("organizationId", "joinedAt", "id");

-- CreateIndex
CREATE INDEX "OrganizationMember_organizationId_role_userId_idx" ON "OrganizationMember"("organizationId", "role", "userId");

-- CreateIndex
CREATE INDEX "OrganizationMember_userId_joinedAt_id_idx" ON "OrganizationMember"("userId", "joinedAt", "id");

-- CreateIndex
CREATE UNIQUE INDEX "OrganizationMember_organizationId_userId_key" ON "OrganizationMember"("organizationId", "userId");

-- CreateIndex
CREATE UNIQUE INDEX "OrganizationTransfer_organizationId_key" ON "OrganizationTransfer"("organizationId");

-- CreateIndex
CREATE INDEX "OrganizationTransfer_organizationId_offeredById_idx" ON "OrganizationTransfer"("organizationId", "offeredById");

-- CreateIndex
CREATE INDEX "OrganizationTransfer_organizationId_userId_idx" ON "OrganizationTransfer"("organizationId", "userId");

-- CreateIndex
CREATE INDEX "OrganizationTransfer_userId_id_idx" ON "OrganizationTransfer"("userId", "id");

-- CreateIndex
CREATE INDEX "OrganizationTransfer_expiresAt_idx" ON "OrganizationTransfer"("expiresAt");

-- CreateIndex
CREATE INDEX "Project_createdById_idx" ON "Project"("createdById");

-- CreateIndex
CREATE UNIQUE INDEX "Project_organizationId_id_key" ON "Project"("organizationId", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Project_organizationId_name_key" ON "Project"("organizationId", "name");

-- CreateIndex
CREATE INDEX "ProjectMember_organizationId_projectId_idx" ON "ProjectMember"("organizationId", "projectId");

-- CreateIndex
CREATE INDEX "ProjectMember_organizationId_userId_projectId_idx" ON "ProjectMember"("organizationId", "userId", "projectId");

-- CreateIndex
CREATE UNIQUE INDEX "ProjectMember_projectId_userId_key" ON "ProjectMember"("projectId", "userId");

-- CreateIndex
CREATE INDEX "AuditEvent_organizationId_id_idx" ON "AuditEvent"("organizationId", "id");

-- CreateIndex
CREATE INDEX "AuditEvent_organizationId_subjectId_id_idx" ON "AuditEvent"("organizationId", "subjectId", "id");

-- CreateIndex
CREATE INDEX "Invitation_organizationId_id_idx" ON "Invitation"("organizationId", "id");

-- CreateIndex
CREATE UNIQUE INDEX "Invitation_organizationId_email_key" ON "Invitation"("organizationId", "email");

-- AddForeignKey
ALTER TABLE "Invitation" ADD CONSTRAINT "Invitation_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "Organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Organization" ADD CONSTRAINT "Organization_createdById_fkey" FOREIGN KEY ("createdById") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "OrganizationMember" ADD CONSTRAINT "OrganizationMember_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "Organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "OrganizationMember" ADD CONSTRAINT "OrganizationMember_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "OrganizationTransfer" ADD CONSTRAINT "OrganizationTransfer_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "Organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "OrganizationTransfer" ADD CONSTRAINT "OrganizationTransfer_organizationId_offeredById_fkey" FOREIGN KEY ("organizationId", "offeredById") REFERENCES "OrganizationMember"("organizationId", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "OrganizationTransfer" ADD CONSTRAINT "OrganizationTransfer_organizationId_userId_fkey" FOREIGN KEY ("organizationId", "userId") REFERENCES "OrganizationMember"("organizationId", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Project" ADD CONSTRAINT "Project_organizationId_fkey" FOREIGN KEY ("organizationId") REFERENCES "Organization"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Project" ADD CONSTRAINT "Project_createdById_fkey" FOREIGN KEY ("createdById") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ProjectMember" ADD CONSTRAINT "ProjectMember_organizationId_projectId_fkey" FOREIGN KEY ("organizationId", "projectId") REFERENCES "Project"("organizationId", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ProjectMember" ADD CONSTRAINT "ProjectMember_organizationId_userId_fkey" FOREIGN KEY ("organizationId", "userId") REFERENCES "OrganizationMember"("organizationId", "userId") ON DELETE CASCADE ON UPDATE CASCADE;


-- What Prisma's schema cannot express: checks, triggers, functions and row-level security.

ALTER TABLE "Invitation" ADD CONSTRAINT "Invitation_target_check" CHECK (
    num_nonnulls("workspaceId", "organizationId") = 1
    AND ("workspaceId" IS NULL) = ("role" IS NULL)
    AND ("organizationId" IS NULL) = ("organizationRole" IS NULL)
);
ALTER TABLE "AuditEvent" ADD CONSTRAINT "AuditEvent_scope_check" CHECK (
    num_nonnulls("workspaceId", "organizationId") <= 1
);
-- The role is stored in one place: an inherited one in the membership of the organization alone.
ALTER TABLE "ProjectMember" ADD CONSTRAINT "ProjectMember_role_check" CHECK (("role" IS NULL) = "inheritedFromOrg");

-- A page of a list is read in the order of an index: PostgreSQL takes 200 rows for the length of each.
ALTER TABLE "OrganizationMember"
    ALTER COLUMN "organizationId" SET (n_distinct = -0.005),
    ALTER COLUMN "userId" SET (n_distinct = -0.005);
ALTER TABLE "OrganizationTransfer" ALTER COLUMN "userId" SET (n_distinct = -0.005);
ALTER TABLE "Project" ALTER COLUMN "organizationId" SET (n_distinct = -0.005);
ALTER TABLE "ProjectMember"
    ALTER COLUMN "organizationId" SET (n_distinct = -0.005),
    ALTER COLUMN "projectId" SET (n_distinct = -0.005),
    ALTER COLUMN "userId" SET (n_distinct = -0.005);
ALTER TABLE "Invitation" ALTER COLUMN "organizationId" SET (n_distinct = -0.005);
ALTER TABLE "AuditEvent" ALTER COLUMN "organizationId" SET (n_distinct = -0.005);

-- The organization of the request, if it is inside one.
CREATE FUNCTION scope_organization() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('tenantry.organization', true), '')::uuid;

-- A UUID of version 7, as Prisma generates them: trails are read in the order of their ids.
CREATE FUNCTION new_uuid7() RETURNS uuid LANGUAGE sql VOLATILE
RETURN encode(
    set_byte(
        overlay(
            uuid_send(gen_random_uuid())
            PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
            FROM 1 FOR 6
        ),
        6, 112 + floor(random() * 16)::int
    ),
    'hex'
)::uuid;

-- Returns the role in a project of each member of its organization; null means no access. Nothing
-- else resolves roles. Owners and admins of the organization inherit ADMIN, members the role that the
-- organization chose for them. A role of their own applies instead, except that nothing lowers an
-- owner. PostgreSQL expands the function inside the query that uses it, so a condition on "userId"
-- reads one row; it runs with the rights of the caller, to whom the policies of its tables apply.
CREATE FUNCTION project_roles(organization uuid, project uuid)
RETURNS TABLE (
    "userId" uuid, "role" "ProjectRole", "inheritedFromOrg" boolean, "effect" text,
    "organizationRole" "OrgRole", "sourceType" text, "sourceId" uuid
) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        "userId", coalesce("own", "inherited"), "own" IS NULL,
        CASE
            WHEN "own" IS NULL OR "own" = "inherited" THEN 'inherited'
            -- The highest role is the first of its type.
            WHEN "inherited" IS NULL OR "own" < "inherited" THEN 'raised'
            ELSE 'lowered'
        END,
        "organizationRole",
        CASE WHEN "own" IS NULL THEN 'organization' ELSE 'project' END,
        CASE WHEN "own" IS NULL THEN organization ELSE project END
    FROM (
        SELECT
            "member"."userId", "member"."role" AS "organizationRole",
            CASE "member"."role" WHEN 'MEMBER' THEN "Organization"."memberBaseRole" ELSE 'ADMIN' END AS "inherited",
            CASE WHEN "member"."role" <> 'OWNER' OR "override"."role" = 'ADMIN' THEN "override"."role" END AS "own"
        FROM "OrganizationMember" AS "member"
        JOIN "Organization" ON "Organization"."id" = "member"."organizationId"
        LEFT JOIN "ProjectMember" AS "override"
            ON "override"."projectId" = project AND "override"."userId" = "member"."userId"
        WHERE "member"."organizationId" = organization
    ) AS "resolved";
END;

-- An organization has an owner when a transaction ends. The lock lets concurrent transactions, of
-- which each would leave one owner, check one after the other.
CREATE FUNCTION refuse_organization_without_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    organization uuid;
BEGIN
    IF TG_TABLE_NAME = 'Organization' THEN
        organization := NEW."id";
    ELSE
        organization := OLD."organizationId";
    END IF;
    PERFORM FROM "Organization" WHERE "id" = organization FOR NO KEY UPDATE;
    IF FOUND AND NOT EXISTS (
        SELECT FROM "OrganizationMember" WHERE "organizationId" = organization AND "role" = 'OWNER'
    ) THEN
        RAISE check_violation USING
            MESSAGE = 'an organization has at least one owner',
            CONSTRAINT = 'OrganizationMember_owner_check', TABLE = 'OrganizationMember';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER "Organization_owner_check"
AFTER INSERT ON "Organization" DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse_organization_without_owner();

CREATE CONSTRAINT TRIGGER "OrganizationMember_owner_check_of_updates"
AFTER UPDATE ON "OrganizationMember" DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (
    OLD."role" = 'OWNER' AND (NEW."role" <> 'OWNER' OR NEW."organizationId" <> OLD."organizationId")
) EXECUTE FUNCTION refuse_organization_without_owner();

CREATE CONSTRAINT TRIGGER "OrganizationMember_owner_check_of_deletes"
AFTER DELETE ON "OrganizationMember" DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (OLD."role" = 'OWNER') EXECUTE FUNCTION refuse_organization_without_owner();

-- An organization ends with the account of its only owner, as workspaces end with their owner's.
CREATE FUNCTION delete_organizations_of_only_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM FROM "Organization"
    WHERE "id" IN (
        SELECT "organizationId" FROM "OrganizationMember" WHERE "userId" = OLD."id" AND "role" = 'OWNER'
    )
    ORDER BY "id" FOR NO KEY UPDATE;

    DELETE FROM "Organization" USING "OrganizationMember" AS "owner"
    WHERE "Organization"."id" = "owner"."organizationId"
        AND "owner"."userId" = OLD."id" AND "owner"."role" = 'OWNER'
        AND NOT EXISTS (
            SELECT FROM "OrganizationMember" AS "other"
            WHERE "other"."organizationId" = "Organization"."id"
                AND "other"."role" = 'OWNER' AND "other"."userId" <> OLD."id"
        );
    RETURN OLD;
END $$;

CREATE TRIGGER "User_delete_organizations_of_only_owner"
BEFORE DELETE ON "User" FOR EACH ROW EXECUTE FUNCTION delete_organizations_of_only_owner();

-- Only an owner can offer ownership, and only to a member who is none.
CREATE FUNCTION delete_void_organization_transfer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DELETE FROM "OrganizationTransfer"
    WHERE "organizationId" = NEW."organizationId"
        AND CASE NEW."role" WHEN 'OWNER' THEN "userId" ELSE "offeredById" END = NEW."userId";
    RETURN NULL;
END $$;

CREATE TRIGGER "OrganizationMember_delete_void_transfer"
AFTER UPDATE OF "role" ON "OrganizationMember"
FOR EACH ROW WHEN (OLD."role" <> NEW."role") EXECUTE FUNCTION delete_void_organization_transfer();

-- As before, for organizations too. A project role of one's own ends with the membership.
CREATE OR REPLACE FUNCTION end_memberships() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM lock_user(scope_user());

    PERFORM FROM "Workspace"
    WHERE "id" IN (SELECT "workspaceId" FROM "WorkspaceMember" WHERE "userId" = scope_user())
    ORDER BY "id" FOR NO KEY UPDATE;

    PERFORM FROM "Organization"
    WHERE "id" IN (SELECT "organizationId" FROM "OrganizationMember" WHERE "userId" = scope_user())
    ORDER BY "id" FOR NO KEY UPDATE;

    INSERT INTO "AuditEvent" ("id", "workspaceId", "actorId", "action", "subjectId", "details")
    SELECT
        new_uuid7(), "workspaceId", "userId",
        CASE "role" WHEN 'owner' THEN 'workspace.deleted' ELSE 'member.left' END,
        CASE "role" WHEN 'owner' THEN "workspaceId" ELSE "userId"::text END,
        '{"reason": "account deleted"}'
    FROM "WorkspaceMember" WHERE "userId" = scope_user();

    INSERT INTO "AuditEvent" ("id", "organizationId", "actorId", "action", "subjectId", "details")
    SELECT
        new_uuid7(), "organizationId", "userId", 'project_role.reset', "userId"::text,
        jsonb_build_object('projectId', "projectId", 'before', "role", 'reason', 'account deleted')
    FROM "ProjectMember"
    WHERE "organizationId" IN (SELECT "organizationId" FROM "OrganizationMember" WHERE "userId" = scope_user())
        AND "userId" = scope_user() AND "role" IS NOT NULL;

    INSERT INTO "AuditEvent" ("id", "organizationId", "actorId", "action", "subjectId", "details")
    SELECT
        new_uuid7(), "organizationId", "userId",
        CASE WHEN "isOnlyOwner" THEN 'organization.deleted' ELSE 'member.left' END,
        CASE WHEN "isOnlyOwner" THEN "organizationId"::text ELSE "userId"::text END,
        jsonb_build_object('role', "role", 'reason', 'account deleted')
    FROM (
        SELECT *, "role" = 'OWNER' AND NOT EXISTS (
            SELECT FROM "OrganizationMember" AS "other"
            WHERE "other"."organizationId" = "mine"."organizationId"
                AND "other"."role" = 'OWNER' AND "other"."userId" <> "mine"."userId"
        ) AS "isOnlyOwner"
        FROM "OrganizationMember" AS "mine" WHERE "userId" = scope_user()
    ) AS "memberships";
END $$;

-- They run as the owner, and find its tables and no others whatever the caller's search_path.
DO $$
DECLARE
    definer text;
BEGIN
    FOREACH definer IN ARRAY ARRAY[
        'refuse_organization_without_owner()', 'delete_organizations_of_only_owner()',
        'delete_void_organization_transfer()', 'end_memberships()'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', definer, current_schema());
    END LOOP;
END $$;

ALTER POLICY "seen by themselves and colleagues" ON "User" USING (
    "id" = (SELECT scope_user()) OR "email" = (SELECT scope_key()) OR EXISTS (
        SELECT FROM "WorkspaceMember" AS "member"
        WHERE "member"."userId" = "User"."id" AND "member"."workspaceId" = (SELECT scope_workspace())
        OFFSET 0
    ) OR EXISTS (
        SELECT FROM "OrganizationMember" AS "member"
        WHERE "member"."userId" = "User"."id" AND "member"."organizationId" = (SELECT scope_organization())
        OFFSET 0
    )
);

ALTER TABLE "Organization" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen by members" ON "Organization" FOR SELECT USING (
    "id" = (SELECT scope_organization()) OR EXISTS (
        SELECT FROM "OrganizationMember" AS "member"
        WHERE "member"."organizationId" = "Organization"."id" AND "member"."userId" = (SELECT scope_user())
        OFFSET 0
    )
);
CREATE POLICY "created by its first owner" ON "Organization" FOR INSERT WITH CHECK (
    "id" = (SELECT scope_organization()) AND "createdById" = (SELECT scope_user())
);
CREATE POLICY "changed from inside" ON "Organization" FOR UPDATE USING ("id" = (SELECT scope_organization()));
CREATE POLICY "deleted by owners" ON "Organization" FOR DELETE USING (
    "id" = (
        SELECT "organizationId" FROM "OrganizationMember"
        WHERE "organizationId" = scope_organization() AND "userId" = scope_user() AND "role" = 'OWNER'
    )
);

ALTER TABLE "OrganizationMember" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen by members" ON "OrganizationMember" FOR SELECT USING (
    CASE WHEN "organizationId" = (SELECT scope_organization()) THEN true
        ELSE "userId" = (SELECT scope_user()) END
);
CREATE POLICY "added from inside" ON "OrganizationMember" FOR INSERT WITH CHECK ("organizationId" = (SELECT scope_organization()));
CREATE POLICY "changed from inside" ON "OrganizationMember" FOR UPDATE USING ("organizationId" = (SELECT scope_organization()));
CREATE POLICY "removed from inside" ON "OrganizationMember" FOR DELETE USING ("organizationId" = (SELECT scope_organization()));

-- Visible to the owners, inside the organization, and to the member who may accept; to no other
-- member. There is no policy for UPDATE: an offer is never changed.
ALTER TABLE "OrganizationTransfer" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen by both sides" ON "OrganizationTransfer" FOR SELECT USING (
    CASE WHEN "userId" = (SELECT scope_user()) THEN true
        ELSE "organizationId" = (
            SELECT "organizationId" FROM "OrganizationMember"
            WHERE "organizationId" = scope_organization() AND "userId" = scope_user() AND "role" = 'OWNER'
        )
    END
);
CREATE POLICY "made by an owner" ON "OrganizationTransfer" FOR INSERT WITH CHECK (
    "offeredById" = (SELECT scope_user()) AND "organizationId" = (
        SELECT "organizationId" FROM "OrganizationMember"
        WHERE "organizationId" = scope_organization() AND "userId" = scope_user() AND "role" = 'OWNER'
    )
);
CREATE POLICY "deleted by both sides" ON "OrganizationTransfer" FOR DELETE USING (
    CASE WHEN "userId" = (SELECT scope_user()) THEN "organizationId" = (SELECT scope_organization())
        ELSE "organizationId" = (
            SELECT "organizationId" FROM "OrganizationMember"
            WHERE "organizationId" = scope_organization() AND "userId" = scope_user() AND "role" = 'OWNER'
        )
    END
);

ALTER TABLE "Project" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen by those with a role" ON "Project" FOR SELECT USING (
    "organizationId" = (SELECT scope_organization()) AND EXISTS (
        SELECT FROM project_roles("organizationId", "id") AS "mine"
        WHERE "mine"."userId" = (SELECT scope_user()) AND "mine"."role" IS NOT NULL
        OFFSET 0
    )
);
CREATE POLICY "created by owners and admins" ON "Project" FOR INSERT WITH CHECK (
    "organizationId" = (
        SELECT "organizationId" FROM "OrganizationMember"
        WHERE "organizationId" = scope_organization() AND "userId" = scope_user() AND "role" <> 'MEMBER'
    )
);
CREATE POLICY "changed by editors" ON "Project" FOR UPDATE USING (
    "organizationId" = (SELECT scope_organization()) AND EXISTS (
        SELECT FROM project_roles("organizationId", "id") AS "mine"
        WHERE "mine"."userId" = (SELECT scope_user()) AND "mine"."role" IN ('ADMIN', 'EDITOR')
        OFFSET 0
    )
);
CREATE POLICY "deleted by admins" ON "Project" FOR DELETE USING (
    "organizationId" = (SELECT scope_organization()) AND EXISTS (
        SELECT FROM project_roles("organizationId", "id") AS "mine"
        WHERE "mine"."userId" = (SELECT scope_user()) AND "mine"."role" = 'ADMIN'
        OFFSET 0
    )
);

-- There is no policy for DELETE: rows end with their project or membership alone.
ALTER TABLE "ProjectMember" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen from inside" ON "ProjectMember" FOR SELECT USING ("organizationId" = (SELECT scope_organization()));
CREATE POLICY "added by admins" ON "ProjectMember" FOR INSERT WITH CHECK (
    "organizationId" = (SELECT scope_organization()) AND EXISTS (
        SELECT FROM project_roles("organizationId", "projectId") AS "mine"
        WHERE "mine"."userId" = (SELECT scope_user()) AND "mine"."role" = 'ADMIN'
        OFFSET 0
    )
);
CREATE POLICY "changed by admins" ON "ProjectMember" FOR UPDATE USING (
    "organizationId" = (SELECT scope_organization()) AND EXISTS (
        SELECT FROM project_roles("organizationId", "projectId") AS "mine"
        WHERE "mine"."userId" = (SELECT scope_user()) AND "mine"."role" = 'ADMIN'
        OFFSET 0
    )
);

-- The same rows as before are visible in a workspace, and those of the organization inside of it.
ALTER POLICY "seen from inside and by its holder" ON "Invitation" USING (
    CASE WHEN "workspaceId" = (SELECT scope_workspace()) THEN true
        WHEN "organizationId" = (SELECT scope_organization()) THEN true
        ELSE "hash" = (SELECT scope_key()) END
);
ALTER POLICY "made from inside" ON "Invitation" WITH CHECK (
    CASE WHEN "workspaceId" IS NULL THEN "organizationId" = (SELECT scope_organization())
        ELSE "workspaceId" = (SELECT scope_workspace()) END
);
ALTER POLICY "changed from inside" ON "Invitation" USING (
    CASE WHEN "workspaceId" IS NULL THEN "organizationId" = (SELECT scope_organization())
        ELSE "workspaceId" = (SELECT scope_workspace()) END
);
ALTER POLICY "deleted from inside" ON "Invitation" USING (
    CASE WHEN "workspaceId" IS NULL THEN "organizationId" = (SELECT scope_organization())
        ELSE "workspaceId" = (SELECT scope_workspace()) END
);

-- An event belongs to the scope in which it is written.
ALTER POLICY "the workspace's" ON "AuditEvent" USING (
    CASE WHEN "workspaceId" = (SELECT scope_workspace()) THEN true
        ELSE "organizationId" = (SELECT scope_organization()) END
);
ALTER POLICY "the workspace's" ON "AuditEvent" RENAME TO "seen from inside";
ALTER POLICY "written by who acts" ON "AuditEvent" WITH CHECK (
    "workspaceId" IS NOT DISTINCT FROM (SELECT scope_workspace())
    AND "organizationId" IS NOT DISTINCT FROM (SELECT scope_organization())
    AND "actorId" = (SELECT scope_user())
    AND "impersonatorId" IS NULL
);
