"""Hand-written SQL for asyncpg: one statement for each request of the contract."""

USER = 'SELECT id, email, name, "createdAt" FROM "User" WHERE id = $1'
WORKSPACE = """
    SELECT w.id, w.name, w.description, w."ownerId", w."createdAt",
        u.email, u.name AS "ownerName", u."createdAt" AS "ownerCreatedAt"
    FROM "Workspace" w JOIN "User" u ON u.id = w."ownerId" WHERE w.id = $1
"""
USER_WORKSPACES = """
    SELECT id, name, description, "ownerId", "createdAt", (
        SELECT coalesce(json_agg(json_build_object('role', role, 'userId', "userId")), '[]')
        FROM "WorkspaceMember" WHERE "workspaceId" = w.id
    ) AS members
    FROM "Workspace" w WHERE "ownerId" = $1 ORDER BY "createdAt" DESC LIMIT 20
"""
PAGE = """
    SELECT id, name, description, "ownerId", "createdAt"
    FROM "Workspace" WHERE id > $1 ORDER BY id LIMIT $2
"""
# Both rows in one statement: one round trip and one transaction.
CREATE = """
    WITH created AS (
        INSERT INTO "Workspace" (id, name, "ownerId") VALUES ($1, $2, $3)
        RETURNING id, name, description, "ownerId", "createdAt"
    ), joined AS (
        INSERT INTO "WorkspaceMember" (id, "workspaceId", "userId", role)
        SELECT $4, id, "ownerId", 'owner' FROM created
    )
    SELECT * FROM created
"""
