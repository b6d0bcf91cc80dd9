-- What Prisma's schema cannot say: an account's end is told in all its workspaces' trails at once.

-- A scope is of one workspace, and a user may be in thousands: so this runs as the owner of the tables,
-- for the user in scope and nobody else. It holds the workspaces as every change of them does, in one
-- order, before it looks at who is what in them.
CREATE FUNCTION end_memberships() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    PERFORM FROM "Workspace"
    WHERE "id" IN (SELECT "workspaceId" FROM "WorkspaceMember" WHERE "userId" = scope_user())
    ORDER BY "id" FOR NO KEY UPDATE;

    INSERT INTO "AuditEvent" ("id", "workspaceId", "actorId", "action", "subjectId", "details")
    SELECT
        -- a UUID of version 7, as Prisma makes them: trails are read in the order of their ids
        encode(
            set_byte(
                overlay(
                    uuid_send(gen_random_uuid())
                    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6
                ),
                6, 112 + floor(random() * 16)::int
            ),
            'hex'
        )::uuid,
        "workspaceId", "userId",
        CASE "role" WHEN 'owner' THEN 'workspace.deleted' ELSE 'member.left' END,
        CASE "role" WHEN 'owner' THEN "workspaceId" ELSE "userId"::text END,
        '{"reason": "account deleted"}'
    FROM "WorkspaceMember" WHERE "userId" = scope_user();
END $$;

DO $$ BEGIN
    EXECUTE format('ALTER FUNCTION end_memberships() SET search_path = pg_catalog, %I, pg_temp', current_schema());
END $$;
