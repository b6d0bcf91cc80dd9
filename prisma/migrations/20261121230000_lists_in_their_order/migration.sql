-- DropIndex
DROP INDEX "Session_userId_createdAt_idx";

-- CreateIndex
CREATE INDEX "Session_userId_id_idx" ON "Session"("userId", "id");

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
