-- What Prisma's schema cannot say: the history of migrations is its owner's alone.

-- A role that was prepared before the first migration writes to whatever tables are made since, by
-- default; that Prisma makes this one among them, no default privilege can leave out.
DO $$
DECLARE
    writer regrole;
BEGIN
    FOR writer IN
        SELECT DISTINCT "grantee"::regrole FROM pg_default_acl, aclexplode(defaclacl)
        WHERE defaclobjtype = 'r' AND defaclnamespace = current_schema()::regnamespace
            AND "privilege_type" = 'INSERT' AND "grantee" <> 0 AND "grantee" <> defaclrole
    LOOP
        IF to_regclass('_prisma_migrations') IS NOT NULL THEN
            EXECUTE format('REVOKE ALL ON _prisma_migrations FROM %s', writer);
        END IF;
    END LOOP;
END $$;
