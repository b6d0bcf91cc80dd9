-- A user has one tenant, so the condition on it selects nothing more. PostgreSQL would multiply both, twice
-- with the policy, expect no rows, and sort all that it finds instead of reading the index in its order.
ALTER TABLE "TenantSession" ALTER COLUMN "tenantId" SET (n_distinct = 1);
