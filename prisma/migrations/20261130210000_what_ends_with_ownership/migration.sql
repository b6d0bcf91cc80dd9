-- DropIndex
-- A name that is taken would tell members of projects that they have no access to.
DROP INDEX "Project_organizationId_name_key";

-- What Prisma's schema cannot express: a check and triggers.

-- Owners and admins have ADMIN anyway; as a base, it would make every member an admin of everything.
ALTER TABLE "Organization" ADD CONSTRAINT "Organization_memberBaseRole_check" CHECK ("memberBaseRole" <> 'ADMIN');

-- As before, except that an organization role that a later release adds inherits nothing.
CREATE OR REPLACE FUNCTION inherited_project_role("organizationRole" "OrgRole", "baseRole" "ProjectRole") RETURNS "ProjectRole"
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE "organizationRole" WHEN 'MEMBER' THEN "baseRole" WHEN 'ADMIN' THEN 'ADMIN' WHEN 'OWNER' THEN 'ADMIN' END;

-- Whoever stops being an owner leaves no invitation by which an account of theirs could own the
-- organization again. The inviter of an invitation is null once their account is deleted.
CREATE FUNCTION delete_owner_invitations() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    DELETE FROM "Invitation"
    WHERE "organizationId" = OLD."organizationId" AND "organizationRole" = 'OWNER'
        AND ("invitedById" IS NULL OR "invitedById" = OLD."userId");
    RETURN NULL;
END $$;

CREATE TRIGGER "OrganizationMember_delete_owner_invitations_of_updates"
AFTER UPDATE OF "role" ON "OrganizationMember"
FOR EACH ROW WHEN (OLD."role" = 'OWNER' AND NEW."role" <> 'OWNER') EXECUTE FUNCTION delete_owner_invitations();

CREATE TRIGGER "OrganizationMember_delete_owner_invitations_of_deletes"
AFTER DELETE ON "OrganizationMember"
FOR EACH ROW WHEN (OLD."role" = 'OWNER') EXECUTE FUNCTION delete_owner_invitations();

-- The global roles of an account end with it, and the trail of the installation says so.
CREATE FUNCTION record_end_of_global_roles() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO "AuditEvent" ("id", "actorId", "action", "subjectId", "details")
    SELECT
        new_uuid7(), OLD."id", 'role.revoked', OLD."id"::text,
        jsonb_build_object(
            'roleId', "Role"."id", 'role', "Role"."name",
            'before', (SELECT jsonb_agg("held"."name" ORDER BY "held"."name") FROM "UserRole" AS "mine"
                JOIN "Role" AS "held" ON "held"."id" = "mine"."roleId" WHERE "mine"."userId" = OLD."id"),
            'reason', 'account deleted'
        )
    FROM "UserRole" JOIN "Role" ON "Role"."id" = "UserRole"."roleId" WHERE "UserRole"."userId" = OLD."id";
    RETURN OLD;
END $$;

CREATE TRIGGER "User_record_end_of_global_roles"
BEFORE DELETE ON "User" FOR EACH ROW EXECUTE FUNCTION record_end_of_global_roles();

-- As before, but several owners may be deleted in one statement: the accounts of those that come before
-- are gone by then, and their memberships not yet.
CREATE OR REPLACE FUNCTION delete_organizations_of_only_owner() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM FROM "Organization"
    WHERE "id" IN (
        SELECT "organizationId" FROM "OrganizationMember" WHERE "userId" = OLD."id" AND "role" = 'OWNER'
    )
    ORDER BY "id" FOR NO KEY UPDATE;

    DELETE FROM "Organization" USING "OrganizationMember" AS "owner"
    WHERE "Organization"."id" = "owner"."organizationId"
        AND "owner"."userId" = OLD."id" AND "owner"."role" = 'OWNER'
        AND NOT EXISTS (
            SELECT FROM "OrganizationMember" AS "other" JOIN "User" ON "User"."id" = "other"."userId"
            WHERE "other"."organizationId" = "Organization"."id"
                AND "other"."role" = 'OWNER' AND "other"."userId" <> OLD."id"
        );
    RETURN OLD;
END $$;

-- They run as the owner, and find its tables and no others whatever the caller's search_path.
DO $$
DECLARE
    definer text;
BEGIN
    FOREACH definer IN ARRAY ARRAY[
        'delete_owner_invitations()', 'record_end_of_global_roles()', 'delete_organizations_of_only_owner()'
    ] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', definer, current_schema());
    END LOOP;
END $$;
