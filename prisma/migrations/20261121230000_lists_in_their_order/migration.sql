-- A page of a list is read in the order of an index, and not made by sorting the whole list. Where
-- most lists are shorter than a page PostgreSQL sees no difference between the two, and once it
-- plans for any list it sorts the longest ones as well. So it takes 200 rows for the length of all.
ALTER TABLE "Session" ALTER COLUMN "userId" SET (n_distinct = -0.005);
ALTER TABLE "WorkspaceMember"
    ALTER COLUMN "workspaceId" SET (n_distinct = -0.005),
    ALTER COLUMN "userId" SET (n_distinct = -0.005);
ALTER TABLE "Invitation" ALTER COLUMN "workspaceId" SET (n_distinct = -0.005);
ALTER TABLE "AuditEvent" ALTER COLUMN "workspaceId" SET (n_distinct = -0.005);
ANALYZE "Session", "WorkspaceMember", "Invitation", "AuditEvent";

-- CreateIndex
CREATE INDEX "Session_userId_id_idx" ON "Session"("userId", "id");

-- CreateIndex
CREATE INDEX "Session_workspaceId_userId_idx" ON "Session"("workspaceId", "userId");

-- The same rows as before are seen, but two policies make an OR, which the planner turns into scans
-- of their own; CASE is looked at row by row, in the order of the query's index.
DROP POLICY "found by its holder" ON "Invitation";
DROP POLICY "the workspace's" ON "Invitation";
CREATE POLICY "seen from inside and by its holder" ON "Invitation" FOR SELECT USING (
    CASE WHEN "workspaceId" = (SELECT scope_workspace()) THEN true
        ELSE "hash" = (SELECT scope_key()) END
);
CREATE POLICY "made from inside" ON "Invitation" FOR INSERT WITH CHECK ("workspaceId" = (SELECT scope_workspace()));
CREATE POLICY "changed from inside" ON "Invitation" FOR UPDATE USING ("workspaceId" = (SELECT scope_workspace()));
CREATE POLICY "deleted from inside" ON "Invitation" FOR DELETE USING ("workspaceId" = (SELECT scope_workspace()));

-- DropIndex
DROP INDEX "Session_userId_createdAt_idx";

-- DropIndex
DROP INDEX "Session_workspaceId_idx";
