-- What a policy costs must not grow with what it hides or with what is not asked for. The same rows as
-- before are seen:
-- A condition with OR is turned into a scan of its own by the planner, which then reads all members of a
-- workspace to show the first of them; CASE is looked at row by row, in the order of the query's index.
-- EXISTS becomes a table of all members, or all memberships, in memory; with OFFSET it is asked row by row.
ALTER POLICY "seen by members" ON "WorkspaceMember" USING (
    CASE WHEN "workspaceId" = (SELECT scope_workspace()) THEN true
        ELSE "userId" = (SELECT scope_user()) END
);
ALTER POLICY "seen by themselves and colleagues" ON "User" USING (
    "id" = (SELECT scope_user()) OR "email" = (SELECT scope_key()) OR EXISTS (
        SELECT FROM "WorkspaceMember" AS "member"
        WHERE "member"."userId" = "User"."id" AND "member"."workspaceId" = (SELECT scope_workspace())
        OFFSET 0
    )
);
ALTER POLICY "seen by members" ON "Workspace" USING (
    "id" = (SELECT scope_workspace()) OR "ownerId" = (SELECT scope_user()) OR EXISTS (
        SELECT FROM "WorkspaceMember" AS "member"
        WHERE "member"."workspaceId" = "Workspace"."id" AND "member"."userId" = (SELECT scope_user())
        OFFSET 0
    )
);
