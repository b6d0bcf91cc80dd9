-- A session ends at a time that is fixed when it begins. The default serves processes of the former
-- version, which know nothing of the column.
-- AlterTable
ALTER TABLE "Session" ADD COLUMN     "endsAt" TIMESTAMPTZ(6) NOT NULL DEFAULT (now() + '90 days'::interval);

-- Sessions that exist end as if the limit had been there when they began.
UPDATE "Session" SET
    "endsAt" = "createdAt" + '90 days'::interval,
    "expiresAt" = least("expiresAt", "createdAt" + '90 days'::interval);
