-- CreateTable
CREATE TABLE "WorkspaceConversion" (
    "workspaceId" VARCHAR(20) NOT NULL,
    "tenantId" UUID NOT NULL,
    "startedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finishedAt" TIMESTAMPTZ(6),
    "confirmedAt" TIMESTAMPTZ(6),

    CONSTRAINT "WorkspaceConversion_pkey" PRIMARY KEY ("workspaceId")
);

-- CreateTable
CREATE TABLE "WorkspaceConversionUser" (
    "workspaceId" VARCHAR(20) NOT NULL,
    "userId" UUID NOT NULL,
    "tenantUserId" UUID,
    "mailedAt" TIMESTAMPTZ(6),

    CONSTRAINT "WorkspaceConversionUser_pkey" PRIMARY KEY ("workspaceId","userId")
);

-- CreateIndex
CREATE UNIQUE INDEX "WorkspaceConversion_tenantId_key" ON "WorkspaceConversion"("tenantId");

-- CreateIndex
CREATE UNIQUE INDEX "WorkspaceConversionUser_tenantUserId_key" ON "WorkspaceConversionUser"("tenantUserId");

-- AddForeignKey
ALTER TABLE "WorkspaceConversion" ADD CONSTRAINT "WorkspaceConversion_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WorkspaceConversionUser" ADD CONSTRAINT "WorkspaceConversionUser_workspaceId_fkey" FOREIGN KEY ("workspaceId") REFERENCES "WorkspaceConversion"("workspaceId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "WorkspaceConversionUser" ADD CONSTRAINT "WorkspaceConversionUser_tenantUserId_fkey" FOREIGN KEY ("tenantUserId") REFERENCES "TenantUser"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Only the command line, as the owner of the tables, reads and writes them.
ALTER TABLE "WorkspaceConversion" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "of the command line" ON "WorkspaceConversion" FOR DELETE USING (false);
ALTER TABLE "WorkspaceConversionUser" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "of the command line" ON "WorkspaceConversionUser" FOR DELETE USING (false);

CREATE TRIGGER "not while impersonating" BEFORE INSERT OR UPDATE OR DELETE ON "WorkspaceConversion"
WHEN (scope_impersonator() IS NOT NULL) EXECUTE FUNCTION refuse_while_impersonating();
CREATE TRIGGER "not while impersonating" BEFORE INSERT OR UPDATE OR DELETE ON "WorkspaceConversionUser"
WHEN (scope_impersonator() IS NOT NULL) EXECUTE FUNCTION refuse_while_impersonating();
