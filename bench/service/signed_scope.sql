-- Scopes that are valid only with a signature: what docs/decisions/001-unsigned-scopes.md measures.
-- HMAC-SHA-256 by the built-in sha256(); the key is stored as its two pads.
CREATE TABLE "ScopeKey" ("inner" bytea NOT NULL, "outer" bytea NOT NULL);
ALTER TABLE "ScopeKey" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "read by the owner alone" ON "ScopeKey" USING (false);
INSERT INTO "ScopeKey" VALUES (decode(:'inner', 'hex'), decode(:'outer', 'hex'));

-- plpgsql keeps its plans; a SECURITY DEFINER function in SQL is planned anew for each query.
CREATE FUNCTION scope_is_signed() RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RETURN current_setting('tenantry.signature', true) = (
        SELECT encode(sha256("outer" || sha256("inner" || convert_to(
            current_setting('tenantry.user', true) || E'\n' ||
            current_setting('tenantry.workspace', true) || E'\n' ||
            current_setting('tenantry.key', true), 'UTF8'))), 'hex')
        FROM "ScopeKey"
    );
END $$;

CREATE OR REPLACE FUNCTION scope_user() RETURNS uuid LANGUAGE sql STABLE
RETURN CASE WHEN scope_is_signed() THEN nullif(current_setting('tenantry.user', true), '')::uuid END;
CREATE OR REPLACE FUNCTION scope_workspace() RETURNS text LANGUAGE sql STABLE
RETURN CASE WHEN scope_is_signed() THEN nullif(current_setting('tenantry.workspace', true), '') END;
CREATE OR REPLACE FUNCTION scope_key() RETURNS text LANGUAGE sql STABLE
RETURN CASE WHEN scope_is_signed() THEN nullif(current_setting('tenantry.key', true), '') END;
