-- CreateTable
CREATE TABLE "WorkspaceTransfer" (
    "id" UUID NOT NULL,
    "workspaceId" VARCHAR(20) NOT NULL,
    "userId" UUID NOT NULL,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "WorkspaceTransfer_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "WorkspaceTransfer_workspaceId_key" ON "WorkspaceTransfer"("workspaceId");

-- CreateIndex
CREATE INDEX "WorkspaceTransfer_userId_id_idx" ON "WorkspaceTransfer"("userId", "id");

-- CreateIndex
CREATE INDEX "WorkspaceTransfer_expiresAt_idx" ON "WorkspaceTransfer"("expiresAt");

-- AddForeignKey
ALTER TABLE "WorkspaceTransfer" ADD CONSTRAINT "WorkspaceTransfer_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "Workspace"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WorkspaceTransfer" ADD CONSTRAINT "WorkspaceTransfer_workspaceId_userId_fkey" FOREIGN KEY ("workspaceId", "userId") REFERENCES "WorkspaceMember"("workspaceId", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- As for other lists: PostgreSQL reads a page in the order of the index instead of sorting the list.
ALTER TABLE "WorkspaceTransfer" ALTER COLUMN "userId" SET (n_distinct = -0.005);

-- A new owner has not offered anything yet, however the ownership changed.
CREATE FUNCTION delete_pending_transfer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DELETE FROM "WorkspaceTransfer" WHERE "workspaceId" = NEW."id";
    RETURN NULL;
END $$;

CREATE TRIGGER "Workspace_delete_pending_transfer"
AFTER UPDATE OF "ownerId" ON "Workspace"
FOR EACH ROW WHEN (OLD."ownerId" <> NEW."ownerId") EXECUTE FUNCTION delete_pending_transfer();

-- Visible to the owner, inside the workspace, and to the member who may accept; to no other member.
-- CASE is evaluated row by row, in the order of the query's index; OR is not. There is no policy for
-- UPDATE: an offer is never changed.
ALTER TABLE "WorkspaceTransfer" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen by both sides" ON "WorkspaceTransfer" FOR SELECT USING (
    CASE WHEN "userId" = (SELECT scope_user()) THEN true
        ELSE "workspaceId" = (SELECT "id" FROM "Workspace" WHERE "id" = scope_workspace() AND "ownerId" = scope_user())
    END
);
CREATE POLICY "made by the owner" ON "WorkspaceTransfer" FOR INSERT WITH CHECK (
    "workspaceId" = (SELECT "id" FROM "Workspace" WHERE "id" = scope_workspace() AND "ownerId" = scope_user())
);
CREATE POLICY "deleted by both sides" ON "WorkspaceTransfer" FOR DELETE USING (
    CASE WHEN "userId" = (SELECT scope_user()) THEN "workspaceId" = (SELECT scope_workspace())
        ELSE "workspaceId" = (SELECT "id" FROM "Workspace" WHERE "id" = scope_workspace() AND "ownerId" = scope_user())
    END
);

-- Locks the row of the caller, or of somebody who shares a workspace with the caller, until the
-- transaction ends; returns whether there is one. Whoever joins or owns a workspace is locked before
-- the workspace is, so that it happens before or after the deletion of their account, never during
-- it. A function, because a policy hides the rows of others from FOR UPDATE. This lock allows rows
-- that refer to the user to be inserted.
CREATE FUNCTION lock_user(someone uuid) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM FROM "User"
    WHERE "id" = someone AND (someone = scope_user() OR shares_workspace_with(someone))
    FOR NO KEY UPDATE;
    RETURN FOUND;
END $$;

-- As before, but it locks the user first: every membership is then visible to the statements below,
-- and none is added until the transaction ends.
CREATE OR REPLACE FUNCTION end_memberships() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM lock_user(scope_user());

    PERFORM FROM "Workspace"
    WHERE "id" IN (SELECT "workspaceId" FROM "WorkspaceMember" WHERE "userId" = scope_user())
    ORDER BY "id" FOR NO KEY UPDATE;

    INSERT INTO "AuditEvent" ("id", "workspaceId", "actorId", "action", "subjectId", "details")
    SELECT
        -- a UUID of version 7, as Prisma generates them: trails are read in the order of their ids
        encode(
            set_byte(
                overlay(
                    uuid_send(gen_random_uuid())
                    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6
                ),
                6, 112 + floor(random() * 16)::int
            ),
            'hex'
        )::uuid,
        "workspaceId", "userId",
        CASE "role" WHEN 'owner' THEN 'workspace.deleted' ELSE 'member.left' END,
        CASE "role" WHEN 'owner' THEN "workspaceId" ELSE "userId"::text END,
        '{"reason": "account deleted"}'
    FROM "WorkspaceMember" WHERE "userId" = scope_user();
END $$;

-- They run as the owner, and find its tables and no others whatever the caller's search_path.
DO $$
DECLARE
    definer text;
BEGIN
    FOREACH definer IN ARRAY ARRAY['delete_pending_transfer()', 'lock_user(uuid)', 'end_memberships()'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', definer, current_schema());
    END LOOP;
END $$;

-- Locking the user replaces the advisory lock of hold_ownership: owners accept workspaces themselves
-- now, so the service counts what the caller owns without a function. The previous release calls it
-- until it is replaced.
COMMENT ON FUNCTION hold_ownership(uuid) IS 'Unused; the next release drops it.';
