-- DropIndex
DROP INDEX "ProjectMember_organizationId_projectId_idx";

-- CreateIndex
CREATE INDEX "ProjectMember_organizationId_projectId_userId_idx" ON "ProjectMember"("organizationId", "projectId", "userId");


-- What Prisma's schema cannot express: functions, policies and partial indexes.

-- The role in a project that follows from a role in its organization; null means no access.
CREATE FUNCTION inherited_project_role("organizationRole" "OrgRole", "baseRole" "ProjectRole") RETURNS "ProjectRole"
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE "organizationRole" WHEN 'MEMBER' THEN "baseRole" ELSE 'ADMIN' END;

-- Applies the rules to the three facts that decide a role. project_roles() passes the facts of the
-- present, an explanation those of a past moment.
CREATE FUNCTION resolve_project_role("organizationRole" "OrgRole", "baseRole" "ProjectRole", "ownRole" "ProjectRole")
RETURNS TABLE ("role" "ProjectRole", "inheritedRole" "ProjectRole", "inheritedFromOrg" boolean, "effect" text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        coalesce("applied", "inherited"), "inherited", "applied" IS NULL,
        CASE
            WHEN "applied" IS NULL OR "applied" = "inherited" THEN 'inherited'
            -- The highest role is the first of its type.
            WHEN "inherited" IS NULL OR "applied" < "inherited" THEN 'raised'
            ELSE 'lowered'
        END
    FROM (
        SELECT
            inherited_project_role("organizationRole", "baseRole") AS "inherited",
            -- Nothing lowers an owner.
            CASE WHEN "organizationRole" <> 'OWNER' OR "ownRole" = 'ADMIN' THEN "ownRole" END AS "applied"
    ) AS "facts";
END;

-- As before, by the functions above. The condition on the organization keeps the roles of another
-- organization's project out, also where no policy does.
CREATE OR REPLACE FUNCTION project_roles(organization uuid, project uuid)
RETURNS TABLE (
    "userId" uuid, "role" "ProjectRole", "inheritedFromOrg" boolean, "effect" text,
    "organizationRole" "OrgRole", "sourceType" text, "sourceId" uuid
) LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        "member"."userId", "resolved"."role", "resolved"."inheritedFromOrg", "resolved"."effect", "member"."role",
        CASE WHEN "resolved"."inheritedFromOrg" THEN 'organization' ELSE 'project' END,
        CASE WHEN "resolved"."inheritedFromOrg" THEN organization ELSE project END
    FROM "OrganizationMember" AS "member"
    JOIN "Organization" ON "Organization"."id" = "member"."organizationId"
    LEFT JOIN "ProjectMember" AS "own"
        ON "own"."organizationId" = organization AND "own"."projectId" = project
        AND "own"."userId" = "member"."userId"
    CROSS JOIN LATERAL
        resolve_project_role("member"."role", "Organization"."memberBaseRole", "own"."role") AS "resolved"
    WHERE "member"."organizationId" = organization;
END;

-- Besides admins, members may give up a role of their own; who was lowered may not undo that.
ALTER POLICY "changed by admins" ON "ProjectMember" USING (
    "organizationId" = (SELECT scope_organization()) AND EXISTS (
        SELECT FROM project_roles("organizationId", "projectId") AS "mine"
        WHERE "mine"."userId" = (SELECT scope_user()) AND (
            "mine"."role" = 'ADMIN'
            OR "mine"."userId" = "ProjectMember"."userId" AND "mine"."effect" <> 'lowered'
        )
        OFFSET 0
    )
) WITH CHECK (
    "organizationId" = (SELECT scope_organization()) AND EXISTS (
        SELECT FROM project_roles("organizationId", "projectId") AS "mine"
        WHERE "mine"."userId" = (SELECT scope_user()) AND (
            "mine"."role" = 'ADMIN'
            OR "mine"."userId" = "ProjectMember"."userId" AND "ProjectMember"."role" IS NULL
        )
        OFFSET 0
    )
);
ALTER POLICY "changed by admins" ON "ProjectMember" RENAME TO "changed by admins, given up by its holder";

-- The subject of an acceptance is the invitation: the trail of a user's membership needs the actor.
CREATE INDEX "AuditEvent_accepted_invitations_idx" ON "AuditEvent"("organizationId", "actorId", "id")
WHERE "action" = 'invitation.accepted';

-- Who has access to a project even where members inherit none. Row-level security evaluates the operators
-- of an enum after its policies, so they are no conditions of a full index.
CREATE INDEX "OrganizationMember_managers_idx" ON "OrganizationMember"("organizationId", "userId")
WHERE "role" <> 'MEMBER';
