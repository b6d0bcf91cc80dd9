-- Consent does not outlive the owner who gave it.
CREATE FUNCTION withdraw_impersonation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW."impersonationAllowed" := false;
    RETURN NEW;
END $$;

CREATE TRIGGER "Workspace_withdraw_impersonation"
BEFORE UPDATE OF "ownerId" ON "Workspace"
FOR EACH ROW WHEN (OLD."ownerId" <> NEW."ownerId") EXECUTE FUNCTION withdraw_impersonation();

-- Without the list of columns: PostgreSQL would not call it for what the trigger above changes.
DROP TRIGGER "Workspace_end_impersonations" ON "Workspace";
CREATE TRIGGER "Workspace_end_impersonations"
AFTER UPDATE ON "Workspace"
FOR EACH ROW WHEN (OLD."impersonationAllowed" AND NOT NEW."impersonationAllowed")
EXECUTE FUNCTION end_impersonations_of_tenancy();

-- Whatever deletes several impersonations locks them in the order of their ids first, so that two of
-- them cannot deadlock. Foreign keys delete them in any order.
CREATE FUNCTION lock_impersonations() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'Session' THEN
            PERFORM FROM "ImpersonationSession" WHERE "impersonatorSessionId" = OLD."id" ORDER BY "id" FOR UPDATE;
        WHEN 'Workspace' THEN
            PERFORM FROM "ImpersonationSession" WHERE "workspaceId" = OLD."id" ORDER BY "id" FOR UPDATE;
        WHEN 'Organization' THEN
            PERFORM FROM "ImpersonationSession" WHERE "organizationId" = OLD."id" ORDER BY "id" FOR UPDATE;
        WHEN 'WorkspaceMember' THEN
            PERFORM FROM "ImpersonationSession"
            WHERE "workspaceId" = OLD."workspaceId" AND "userId" = OLD."userId" ORDER BY "id" FOR UPDATE;
        WHEN 'OrganizationMember' THEN
            PERFORM FROM "ImpersonationSession"
            WHERE "organizationId" = OLD."organizationId" AND "userId" = OLD."userId" ORDER BY "id" FOR UPDATE;
    END CASE;
    RETURN OLD;
END $$;

DO $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY['Session', 'Workspace', 'Organization', 'WorkspaceMember', 'OrganizationMember'] LOOP
        EXECUTE format(
            'CREATE TRIGGER %I BEFORE DELETE ON %I FOR EACH ROW EXECUTE FUNCTION lock_impersonations()',
            target || '_lock_impersonations', target
        );
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION end_impersonations_of_tenancy() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_TABLE_NAME = 'Workspace' THEN
        PERFORM FROM "ImpersonationSession" WHERE "workspaceId" = NEW."id" ORDER BY "id" FOR UPDATE;
        DELETE FROM "ImpersonationSession" WHERE "workspaceId" = NEW."id";
    ELSE
        PERFORM FROM "ImpersonationSession" WHERE "organizationId" = NEW."id" ORDER BY "id" FOR UPDATE;
        DELETE FROM "ImpersonationSession" WHERE "organizationId" = NEW."id";
    END IF;
    RETURN NULL;
END $$;

-- Returns which condition of an impersonation does not hold any more, or null: somebody ended it.
CREATE FUNCTION broken_impersonation_term(ended "ImpersonationSession") RETURNS text LANGUAGE sql STABLE
RETURN CASE
    WHEN ended."expiresAt" <= now() THEN 'expired'
    WHEN NOT EXISTS (
        SELECT FROM "WorkspaceMember" WHERE "workspaceId" = ended."workspaceId" AND "userId" = ended."userId"
    ) AND NOT EXISTS (
        SELECT FROM "OrganizationMember" WHERE "organizationId" = ended."organizationId" AND "userId" = ended."userId"
    ) THEN 'membership_ended'
    WHEN NOT EXISTS (
        SELECT FROM "Workspace" WHERE "id" = ended."workspaceId" AND "impersonationAllowed"
    ) AND NOT EXISTS (
        SELECT FROM "Organization" WHERE "id" = ended."organizationId" AND "impersonationAllowed"
    ) THEN 'consent_withdrawn'
    WHEN NOT capabilities_of(ended."impersonatorId") @> (
        capabilities_of(ended."userId")
        || CASE ended."mode" WHEN 'read' THEN ARRAY['impersonate'] ELSE ARRAY['impersonate', 'impersonate.write'] END
    ) THEN 'capabilities_changed'
    -- A sweep, which acts for nobody.
    WHEN scope_user() IS NULL THEN 'expired'
END;

CREATE OR REPLACE FUNCTION record_impersonation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    impersonation "ImpersonationSession" := coalesce(NEW, OLD);
    details jsonb := jsonb_build_object('mode', impersonation."mode");
    broken text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        details := details || jsonb_build_object(
            'reason', NEW."reason", 'minutes', ceil(extract(epoch FROM NEW."expiresAt" - NEW."createdAt") / 60)
        );
    ELSE
        broken := broken_impersonation_term(OLD);
        -- The user in scope is not who ended it if a condition did.
        details := details || jsonb_build_object(
            'endedById', CASE WHEN broken IS NULL THEN scope_user() END, 'reason', broken
        );
    END IF;
    INSERT INTO "AuditEvent" (
        "id", "workspaceId", "organizationId", "actorId", "impersonatorId", "action", "subjectId", "details"
    ) VALUES (
        new_uuid7(), impersonation."workspaceId", impersonation."organizationId",
        impersonation."userId", impersonation."impersonatorId",
        CASE TG_OP WHEN 'INSERT' THEN 'impersonation.started' ELSE 'impersonation.ended' END,
        impersonation."id", details
    );
    RETURN NULL;
END $$;

-- They run as the owner, and find its tables and no others whatever the caller's search_path.
DO $$
DECLARE
    definer text;
BEGIN
    FOREACH definer IN ARRAY ARRAY[
        'lock_impersonations()', 'end_impersonations_of_tenancy()', 'record_impersonation()'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', definer, current_schema());
    END LOOP;
END $$;
