-- CreateIndex
CREATE INDEX "AuditEvent_createdAt_idx" ON "AuditEvent" USING BRIN ("createdAt");

-- What Prisma's schema cannot say: accounts that were never confirmed are few among all.
CREATE INDEX "User_unconfirmed_idx" ON "User"("updatedAt") WHERE "emailConfirmedAt" IS NULL;
