-- CreateTable
CREATE TABLE "Role" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "isBuiltIn" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Role_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Capability" (
    "name" TEXT NOT NULL,

    CONSTRAINT "Capability_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "RoleCapability" (
    "roleId" UUID NOT NULL,
    "capabilityName" TEXT NOT NULL,

    CONSTRAINT "RoleCapability_pkey" PRIMARY KEY ("roleId","capabilityName")
);

-- CreateTable
CREATE TABLE "UserRole" (
    "userId" UUID NOT NULL,
    "roleId" UUID NOT NULL,
    "grantedById" UUID,
    "createdAt" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "UserRole_pkey" PRIMARY KEY ("userId","roleId")
);

-- CreateIndex
CREATE UNIQUE INDEX "Role_name_key" ON "Role"("name");

-- CreateIndex
CREATE INDEX "RoleCapability_capabilityName_idx" ON "RoleCapability"("capabilityName");

-- CreateIndex
CREATE INDEX "UserRole_roleId_userId_idx" ON "UserRole"("roleId", "userId");

-- CreateIndex
CREATE INDEX "UserRole_grantedById_idx" ON "UserRole"("grantedById");

-- CreateIndex
CREATE INDEX "User_email_prefix_idx" ON "User"("email" text_pattern_ops);

-- AddForeignKey
ALTER TABLE "RoleCapability" ADD CONSTRAINT "RoleCapability_roleId_fkey" FOREIGN KEY ("roleId") REFERENCES "Role"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "RoleCapability" ADD CONSTRAINT "RoleCapability_capabilityName_fkey" FOREIGN KEY ("capabilityName") REFERENCES "Capability"("name") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "UserRole" ADD CONSTRAINT "UserRole_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "UserRole" ADD CONSTRAINT "UserRole_roleId_fkey" FOREIGN KEY ("roleId") REFERENCES "Role"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "UserRole" ADD CONSTRAINT "UserRole_grantedById_fkey" FOREIGN KEY ("grantedById") REFERENCES "User"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- What Prisma's schema cannot express: rows, functions, row-level security and a partial index.

-- Every capability that app/access/capabilities.py declares. The migration that adds another one gives
-- it to the built-in roles as well.
INSERT INTO "Capability" ("name") VALUES
    ('users.read'), ('roles.manage'), ('audit.read'), ('tenants.manage'), ('clients.manage'),
    ('impersonate'), ('impersonate.write');
INSERT INTO "Role" ("id", "name", "description", "isBuiltIn")
VALUES (new_uuid7(), 'administrator', 'Has every capability.', true);
INSERT INTO "RoleCapability" ("roleId", "capabilityName")
SELECT "Role"."id", "Capability"."name" FROM "Role", "Capability" WHERE "isBuiltIn";

-- As for other lists: PostgreSQL reads a page in the order of the index instead of sorting the list.
ALTER TABLE "UserRole"
    ALTER COLUMN "userId" SET (n_distinct = -0.005),
    ALTER COLUMN "roleId" SET (n_distinct = -0.005);

-- The events that belong to the whole installation.
CREATE INDEX "AuditEvent_installation_idx" ON "AuditEvent"("id")
WHERE "workspaceId" IS NULL AND "organizationId" IS NULL;

-- The capability that the route of the request declares, if it declares one.
CREATE FUNCTION scope_capability() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('tenantry.capability', true), '');

-- Returns the capabilities of all roles of a user, in alphabetical order.
CREATE FUNCTION capabilities_of(someone uuid) RETURNS text[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER AS $$
BEGIN
    RETURN ARRAY(
        SELECT DISTINCT "capabilityName"
        FROM "UserRole" JOIN "RoleCapability" ON "RoleCapability"."roleId" = "UserRole"."roleId"
        WHERE "userId" = someone ORDER BY 1
    );
END $$;

-- Returns whether the user in scope has a capability.
CREATE FUNCTION holds_capability(wanted text) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM "UserRole" JOIN "RoleCapability" ON "RoleCapability"."roleId" = "UserRole"."roleId"
        WHERE "userId" = scope_user() AND "capabilityName" = wanted
    );
END $$;

-- Returns whether the user in scope has every capability of a role, and so may grant it.
CREATE FUNCTION holds_capabilities_of_role(wanted uuid) RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM "RoleCapability"
        WHERE "roleId" = wanted AND "capabilityName" <> ALL (capabilities_of(scope_user()))
    );
END $$;

-- They run as the owner, and find its tables and no others whatever the caller's search_path.
DO $$
DECLARE
    definer text;
BEGIN
    FOREACH definer IN ARRAY ARRAY[
        'capabilities_of(uuid)', 'holds_capability(text)', 'holds_capabilities_of_role(uuid)'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', definer, current_schema());
    END LOOP;
END $$;

-- Returns whether the route declares one of these capabilities and the user in scope has it. Policies
-- call it as `(SELECT scope_permits(...))`, once for each query. The CASE looks nothing up for the
-- requests that declare none, which are most.
CREATE FUNCTION scope_permits(VARIADIC wanted text[]) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN scope_capability() = ANY (wanted) THEN holds_capability(scope_capability()) ELSE false END;

CREATE POLICY "seen by who may read users" ON "User" FOR SELECT USING (
    (SELECT scope_permits('users.read', 'roles.manage'))
);

-- Everybody sees what they have themselves. The built-in roles change by migrations alone.
ALTER TABLE "Role" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen by their users" ON "Role" FOR SELECT USING (
    CASE WHEN (SELECT scope_permits('users.read', 'roles.manage')) THEN true
        ELSE EXISTS (
            SELECT FROM "UserRole" AS "mine"
            WHERE "mine"."roleId" = "Role"."id" AND "mine"."userId" = (SELECT scope_user())
            OFFSET 0
        )
    END
);
CREATE POLICY "created by who manages roles" ON "Role" FOR INSERT WITH CHECK (
    (SELECT scope_permits('roles.manage')) AND NOT "isBuiltIn"
);
CREATE POLICY "changed by who has their capabilities" ON "Role" FOR UPDATE USING (
    (SELECT scope_permits('roles.manage')) AND NOT "isBuiltIn" AND holds_capabilities_of_role("id")
);
CREATE POLICY "deleted by who has their capabilities" ON "Role" FOR DELETE USING (
    (SELECT scope_permits('roles.manage')) AND NOT "isBuiltIn" AND holds_capabilities_of_role("id")
);

-- There is no policy to write: only migrations add capabilities.
ALTER TABLE "Capability" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen by who manages roles" ON "Capability" FOR SELECT USING (
    (SELECT scope_permits('roles.manage'))
);

ALTER TABLE "RoleCapability" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen by users of the role" ON "RoleCapability" FOR SELECT USING (
    CASE WHEN (SELECT scope_permits('users.read', 'roles.manage')) THEN true
        ELSE EXISTS (
            SELECT FROM "UserRole" AS "mine"
            WHERE "mine"."roleId" = "RoleCapability"."roleId" AND "mine"."userId" = (SELECT scope_user())
            OFFSET 0
        )
    END
);
CREATE POLICY "added by who has the capability" ON "RoleCapability" FOR INSERT WITH CHECK (
    (SELECT scope_permits('roles.manage')) AND holds_capability("capabilityName")
    AND EXISTS (SELECT FROM "Role" WHERE "Role"."id" = "roleId" AND NOT "isBuiltIn")
);
CREATE POLICY "removed by who has the capability" ON "RoleCapability" FOR DELETE USING (
    (SELECT scope_permits('roles.manage')) AND holds_capability("capabilityName")
    AND EXISTS (SELECT FROM "Role" WHERE "Role"."id" = "roleId" AND NOT "isBuiltIn")
);

-- There is no policy for UPDATE: a grant is never changed.
ALTER TABLE "UserRole" ENABLE ROW LEVEL SECURITY;
CREATE POLICY "seen by the user" ON "UserRole" FOR SELECT USING (
    CASE WHEN "userId" = (SELECT scope_user()) THEN true
        ELSE (SELECT scope_permits('users.read', 'roles.manage')) END
);
CREATE POLICY "granted by who has its capabilities" ON "UserRole" FOR INSERT WITH CHECK (
    (SELECT scope_permits('roles.manage')) AND "grantedById" = (SELECT scope_user())
    AND holds_capabilities_of_role("roleId")
);
CREATE POLICY "revoked by who has its capabilities" ON "UserRole" FOR DELETE USING (
    (SELECT scope_permits('roles.manage')) AND holds_capabilities_of_role("roleId")
);

-- The events of the installation are for auditors, and written by whoever uses a capability. The second
-- policy restricts the one that lets everybody write into the trail of their scope.
CREATE POLICY "of the installation, seen by auditors" ON "AuditEvent" FOR SELECT USING (
    "workspaceId" IS NULL AND "organizationId" IS NULL AND (SELECT scope_permits('audit.read'))
);
CREATE POLICY "of the installation, written with a capability" ON "AuditEvent" AS RESTRICTIVE
FOR INSERT WITH CHECK (
    num_nonnulls("workspaceId", "organizationId") = 1 OR (SELECT scope_permits(scope_capability()))
);
