-- CreateEnum
CREATE TYPE "ImportState" AS ENUM ('uploading', 'queued', 'running', 'done', 'failed', 'cancelled');

-- CreateTable
CREATE TABLE "ImportJob" (
    "id" UUID NOT NULL,
    "tenantId" UUID NOT NULL,
    "createdById" UUID,
    "kind" TEXT NOT NULL,
    "options" JSONB NOT NULL,
    "state" "ImportState" NOT NULL DEFAULT 'uploading',
    "linesTotal" INTEGER,
    "linesRead" INTEGER NOT NULL DEFAULT 0,
    "created" INTEGER NOT NULL DEFAULT 0,
    "updated" INTEGER NOT NULL DEFAULT 0,
    "skipped" INTEGER NOT NULL DEFAULT 0,
    "errorCount" INTEGER NOT NULL DEFAULT 0,
    "errors" JSONB NOT NULL DEFAULT '[]',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "workerId" UUID,
    "leaseUntil" TIMESTAMPTZ(6),
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMPTZ(6),

    CONSTRAINT "ImportJob_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "ImportChunk" (
    "tenantId" UUID NOT NULL,
    "jobId" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "data" BYTEA NOT NULL,

    CONSTRAINT "ImportChunk_pkey" PRIMARY KEY ("tenantId","jobId","position")
);

-- CreateIndex
CREATE INDEX "ImportJob_createdById_idx" ON "ImportJob"("createdById");

-- CreateIndex
CREATE INDEX "ImportJob_createdAt_idx" ON "ImportJob"("createdAt");

-- CreateIndex
CREATE UNIQUE INDEX "ImportJob_tenantId_id_key" ON "ImportJob"("tenantId", "id");

-- AddForeignKey
ALTER TABLE "ImportJob" ADD CONSTRAINT "ImportJob_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ImportJob" ADD CONSTRAINT "ImportJob_createdById_fkey" FOREIGN KEY ("createdById") REFERENCES "TenantUser"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ImportChunk" ADD CONSTRAINT "ImportChunk_tenantId_jobId_fkey" FOREIGN KEY ("tenantId", "jobId") REFERENCES "ImportJob"("tenantId", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema cannot express.

ALTER TABLE "ImportJob" ADD CONSTRAINT "ImportJob_kind_check" CHECK ("kind" IN ('users', 'workout-plans'));

-- Two workers never run two jobs of a tenant, whatever they read before.
CREATE UNIQUE INDEX "ImportJob_running_key" ON "ImportJob"("tenantId") WHERE "state" = 'running';
-- Workers look for these.
CREATE INDEX "ImportJob_waiting_idx" ON "ImportJob"("id") WHERE "state" IN ('queued', 'running');

-- A page of a list is read in the order of an index: PostgreSQL takes 200 rows for the length of each.
ALTER TABLE "ImportJob" ALTER COLUMN "tenantId" SET (n_distinct = -0.005);
ALTER TABLE "ImportChunk" ALTER COLUMN "tenantId" SET (n_distinct = -0.005);

ALTER TABLE "ImportJob" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "of the tenant" ON "ImportJob" USING ("tenantId" = (SELECT scope_tenant()));
ALTER TABLE "ImportChunk" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "of the tenant" ON "ImportChunk" USING ("tenantId" = (SELECT scope_tenant()));

CREATE TRIGGER "not while impersonating" BEFORE INSERT OR UPDATE OR DELETE ON "ImportJob"
WHEN (scope_impersonator() IS NOT NULL) EXECUTE FUNCTION refuse_while_impersonating();
CREATE TRIGGER "not while impersonating" BEFORE INSERT OR UPDATE OR DELETE ON "ImportChunk"
WHEN (scope_impersonator() IS NOT NULL) EXECUTE FUNCTION refuse_while_impersonating();
