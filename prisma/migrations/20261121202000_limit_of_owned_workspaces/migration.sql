-- What Prisma's schema cannot say: how many workspaces somebody owns, with nobody giving them another one.

-- It lets nobody else count for the same owner until the transaction ends, so that two workspaces at one
-- moment do not both find room; taken after a workspace is held, never before. It counts for who calls
-- and for members of the workspace in scope: others' workspaces are not theirs to see.
CREATE FUNCTION hold_ownership(someone uuid) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('tenantry'), hashtext('workspaces of ' || someone));
    RETURN (
        SELECT count(*) FROM "Workspace"
        WHERE "ownerId" = someone AND (
            someone = scope_user() OR EXISTS (
                SELECT FROM "WorkspaceMember" AS "member"
                WHERE "member"."workspaceId" = scope_workspace() AND "member"."userId" = someone
            )
        )
    );
END $$;

DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION hold_ownership(uuid) SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $$;
