-- CreateEnum
CREATE TYPE "ImpersonationMode" AS ENUM ('read', 'write');

-- CreateTable
CREATE TABLE "ImpersonationSession" (
    "id" UUID NOT NULL,
    "impersonatorId" UUID NOT NULL,
    "impersonatorSessionId" UUID NOT NULL,
    "impersonatorName" TEXT,
    "userId" UUID NOT NULL,
    "workspaceId" VARCHAR(20),
    "organizationId" UUID,
    "reason" TEXT NOT NULL,
    "mode" "ImpersonationMode" NOT NULL DEFAULT 'read',
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expiresAt" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "ImpersonationSession_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "ImpersonationSession_impersonatorId_id_idx" ON "ImpersonationSession"("impersonatorId", "id");

-- CreateIndex
CREATE INDEX "ImpersonationSession_impersonatorSessionId_idx" ON "ImpersonationSession"("impersonatorSessionId");

-- CreateIndex
CREATE INDEX "ImpersonationSession_workspaceId_userId_idx" ON "ImpersonationSession"("workspaceId", "userId");

-- CreateIndex
CREATE INDEX "ImpersonationSession_organizationId_userId_idx" ON "ImpersonationSession"("organizationId", "userId");

-- AddForeignKey
ALTER TABLE "ImpersonationSession" ADD CONSTRAINT "ImpersonationSession_id_fkey" FOREIGN KEY ("id") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ImpersonationSession" ADD CONSTRAINT "ImpersonationSession_impersonatorSessionId_fkey" FOREIGN KEY ("impersonatorSessionId") REFERENCES "Session"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ImpersonationSession" ADD CONSTRAINT "ImpersonationSession_workspaceId_userId_fkey" FOREIGN KEY ("workspaceId", "userId") REFERENCES "WorkspaceMember"("workspaceId", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ImpersonationSession" ADD CONSTRAINT "ImpersonationSession_organizationId_userId_fkey" FOREIGN KEY ("organizationId", "userId") REFERENCES "OrganizationMember"("organizationId", "userId") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema cannot express: checks, functions, triggers and row-level security.

ALTER TABLE "ImpersonationSession" ADD CONSTRAINT "ImpersonationSession_tenancy_check" CHECK (
    num_nonnulls("workspaceId", "organizationId") = 1
);
ALTER TABLE "ImpersonationSession" ADD CONSTRAINT "ImpersonationSession_user_check" CHECK ("userId" <> "impersonatorId");
ALTER TABLE "ImpersonationSession" ADD CONSTRAINT "ImpersonationSession_reason_check" CHECK (length("reason") BETWEEN 10 AND 500);
ALTER TABLE "ImpersonationSession" ADD CONSTRAINT "ImpersonationSession_duration_check" CHECK (
    "expiresAt" <= "createdAt" + interval '60 minutes'
);

-- As for other lists: PostgreSQL reads a page in the order of the index instead of sorting the list.
ALTER TABLE "ImpersonationSession" ALTER COLUMN "impersonatorId" SET (n_distinct = -0.005);

-- Who acts as the user in scope, if somebody does.
CREATE FUNCTION scope_impersonator() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('tenantry.impersonator', true), '')::uuid;

-- Returns what decides whether the caller may act as somebody in a workspace or an organization. The
-- caller is who acts as the user in scope, or that user.
CREATE FUNCTION impersonation_terms(someone uuid, workspace text, organization uuid)
RETURNS TABLE ("isMember" boolean, "isAllowed" boolean, "held" text[], "lacking" text[])
LANGUAGE plpgsql STABLE SECURITY DEFINER AS $$
DECLARE
    caller uuid := coalesce(scope_impersonator(), scope_user());
BEGIN
    RETURN QUERY SELECT
        EXISTS (SELECT FROM "WorkspaceMember" WHERE "workspaceId" = workspace AND "userId" = someone)
        OR EXISTS (SELECT FROM "OrganizationMember" WHERE "organizationId" = organization AND "userId" = someone),
        EXISTS (SELECT FROM "Workspace" WHERE "id" = workspace AND "impersonationAllowed")
        OR EXISTS (SELECT FROM "Organization" WHERE "id" = organization AND "impersonationAllowed"),
        capabilities_of(caller),
        ARRAY(SELECT unnest(capabilities_of(someone)) EXCEPT SELECT unnest(capabilities_of(caller)) ORDER BY 1);
END $$;

-- Returns whether the caller may. Nothing else decides it: not at the start, and not on later requests.
CREATE FUNCTION may_impersonate(someone uuid, workspace text, organization uuid, mode "ImpersonationMode")
RETURNS boolean LANGUAGE sql STABLE
RETURN (
    SELECT "isMember" AND "isAllowed" AND "lacking" = '{}'
        AND "held" @> CASE mode WHEN 'read' THEN ARRAY['impersonate'] ELSE ARRAY['impersonate', 'impersonate.write'] END
    FROM impersonation_terms(someone, workspace, organization)
);

-- Locks what these terms depend on until the transaction ends: all roles, as the service does to change
-- them, the tenancy, the membership, and the session of the caller. In the order of the service's locks.
-- Returns whether that session still exists.
CREATE FUNCTION lock_impersonation_terms(session uuid, someone uuid, workspace text, organization uuid)
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('tenantry'), hashtext('roles'));
    PERFORM FROM "Workspace" WHERE "id" = workspace FOR SHARE;
    PERFORM FROM "Organization" WHERE "id" = organization FOR SHARE;
    PERFORM FROM "WorkspaceMember" WHERE "workspaceId" = workspace AND "userId" = someone FOR KEY SHARE;
    PERFORM FROM "OrganizationMember" WHERE "organizationId" = organization AND "userId" = someone FOR KEY SHARE;
    PERFORM FROM "Session" WHERE "id" = session AND "userId" = scope_user() FOR KEY SHARE;
    RETURN FOUND;
END $$;

-- The session of the user begins with the impersonation. Nothing else creates one for somebody else.
CREATE FUNCTION begin_impersonation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF EXISTS (SELECT FROM "ImpersonationSession" WHERE "id" = NEW."impersonatorSessionId") THEN
        RAISE insufficient_privilege USING MESSAGE = 'an impersonation cannot start another one';
    END IF;
    NEW."impersonatorName" := (SELECT "name" FROM "User" WHERE "id" = NEW."impersonatorId");
    INSERT INTO "Session" ("id", "userId", "createdAt", "usedAt", "expiresAt", "endsAt")
    VALUES (NEW."id", NEW."userId", NEW."createdAt", NEW."createdAt", NEW."expiresAt", NEW."expiresAt");
    RETURN NEW;
END $$;

CREATE TRIGGER "ImpersonationSession_begin"
BEFORE INSERT ON "ImpersonationSession" FOR EACH ROW EXECUTE FUNCTION begin_impersonation();

-- It ends with the impersonation. Whoever ends the session at the same moment has locked it, and deletes
-- it after the impersonation: waiting for them would be a deadlock.
CREATE FUNCTION end_impersonation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DELETE FROM "Session" WHERE "id" IN (
        SELECT "id" FROM "Session" WHERE "id" = OLD."id" FOR UPDATE SKIP LOCKED
    );
    RETURN NULL;
END $$;

CREATE TRIGGER "ImpersonationSession_end"
AFTER DELETE ON "ImpersonationSession" FOR EACH ROW EXECUTE FUNCTION end_impersonation();

-- However it begins and ends, the trail of the tenancy says so.
CREATE FUNCTION record_impersonation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    impersonation "ImpersonationSession" := coalesce(NEW, OLD);
    details jsonb := jsonb_build_object('mode', impersonation."mode");
BEGIN
    IF TG_OP = 'INSERT' THEN
        details := details || jsonb_build_object(
            'reason', NEW."reason", 'minutes', ceil(extract(epoch FROM NEW."expiresAt" - NEW."createdAt") / 60)
        );
    ELSE
        -- Null: nobody, because it had expired.
        details := details || jsonb_build_object('endedById', scope_user());
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

CREATE TRIGGER "ImpersonationSession_record"
AFTER INSERT OR DELETE ON "ImpersonationSession" FOR EACH ROW EXECUTE FUNCTION record_impersonation();

-- Without the consent of the tenancy they end at once.
CREATE FUNCTION end_impersonations_of_tenancy() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    IF TG_TABLE_NAME = 'Workspace' THEN
        DELETE FROM "ImpersonationSession" WHERE "workspaceId" = NEW."id";
    ELSE
        DELETE FROM "ImpersonationSession" WHERE "organizationId" = NEW."id";
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER "Workspace_end_impersonations"
AFTER UPDATE OF "impersonationAllowed" ON "Workspace"
FOR EACH ROW WHEN (OLD."impersonationAllowed" AND NOT NEW."impersonationAllowed")
EXECUTE FUNCTION end_impersonations_of_tenancy();

CREATE TRIGGER "Organization_end_impersonations"
AFTER UPDATE OF "impersonationAllowed" ON "Organization"
FOR EACH ROW WHEN (OLD."impersonationAllowed" AND NOT NEW."impersonationAllowed")
EXECUTE FUNCTION end_impersonations_of_tenancy();

-- They run as the owner, and find its tables and no others whatever the caller's search_path.
DO $$
DECLARE
    definer text;
BEGIN
    FOREACH definer IN ARRAY ARRAY[
        'impersonation_terms(uuid, text, uuid)', 'lock_impersonation_terms(uuid, uuid, text, uuid)',
        'begin_impersonation()', 'end_impersonation()', 'record_impersonation()', 'end_impersonations_of_tenancy()'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', definer, current_schema());
    END LOOP;
END $$;

-- Listed by both sides and ended by both sides; never changed.
ALTER TABLE "ImpersonationSession" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen by both sides" ON "ImpersonationSession" FOR SELECT USING (
    CASE WHEN "impersonatorId" = (SELECT scope_user()) THEN true ELSE "userId" = (SELECT scope_user()) END
);
CREATE POLICY "started by who may" ON "ImpersonationSession" FOR INSERT WITH CHECK (
    (SELECT scope_permits('impersonate')) AND scope_impersonator() IS NULL
    AND "impersonatorId" = (SELECT scope_user())
    AND EXISTS (
        SELECT FROM "Session" WHERE "Session"."id" = "impersonatorSessionId" AND "Session"."userId" = (SELECT scope_user())
    )
    AND may_impersonate("userId", "workspaceId", "organizationId", "mode")
);
CREATE POLICY "ended by both sides" ON "ImpersonationSession" FOR DELETE USING (
    CASE WHEN "impersonatorId" = (SELECT scope_user()) THEN true ELSE "userId" = (SELECT scope_user()) END
);

-- Events name both people, and nobody else.
ALTER POLICY "written by who acts" ON "AuditEvent" WITH CHECK (
    "workspaceId" IS NOT DISTINCT FROM (SELECT scope_workspace())
    AND "organizationId" IS NOT DISTINCT FROM (SELECT scope_organization())
    AND "actorId" = (SELECT scope_user())
    AND "impersonatorId" IS NOT DISTINCT FROM (SELECT scope_impersonator())
);

-- Whatever a route allows, nobody who acts as somebody else deletes rows, or changes accounts, sessions,
-- roles, members, invitations, transfers or the tenancy itself. A trigger, because it refuses the
-- statement where a policy would hide the rows from it. Each new table gets one of the two.
CREATE FUNCTION refuse_while_impersonating() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE insufficient_privilege USING
        MESSAGE = format('%s on "%s" is refused while impersonating', TG_OP, TG_TABLE_NAME);
END $$;

DO $$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY[
        'Capability', 'EmailToken', 'ImpersonationSession', 'Invitation', 'Organization', 'OrganizationMember',
        'OrganizationTransfer', 'OutboxMail', 'ProjectMember', 'RefreshToken', 'Role', 'RoleCapability', 'Session',
        'User', 'UserRole', 'Workspace', 'WorkspaceMember', 'WorkspaceTransfer', 'session'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER "not while impersonating" BEFORE INSERT OR UPDATE OR DELETE ON %I
            WHEN (scope_impersonator() IS NOT NULL) EXECUTE FUNCTION refuse_while_impersonating()', target
        );
    END LOOP;
    -- Those that may write to them add and change rows.
    FOREACH target IN ARRAY ARRAY['AuditEvent', 'Project', 'Throttle'] LOOP
        EXECUTE format(
            'CREATE TRIGGER "not while impersonating" BEFORE DELETE ON %I
            WHEN (scope_impersonator() IS NOT NULL) EXECUTE FUNCTION refuse_while_impersonating()', target
        );
    END LOOP;
END $$;
