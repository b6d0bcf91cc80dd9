-- The table of connect-pg-simple stays exactly as it creates it, without a trigger. Its policy hides every
-- row, and refuses new ones, while somebody acts as a user.
DROP TRIGGER "not while impersonating" ON "session";

ALTER POLICY "of its holder" ON "session" USING ("sid" = (SELECT scope_key()) AND (SELECT scope_impersonator()) IS NULL);
