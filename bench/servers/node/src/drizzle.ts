// Fastify and Drizzle on node-postgres: relational queries as named prepared statements.
import { randomUUID } from "node:crypto";
import { desc, DrizzleQueryError, eq, gt, relations, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { pgTable, text, timestamp } from "drizzle-orm/pg-core";
import pg from "pg";
import { IDLE_MILLISECONDS, serve } from "./serving.js";

const key = () => text().primaryKey().$defaultFn(randomUUID);
const createdNow = () => timestamp({ precision: 3, mode: "date" }).notNull().defaultNow();

const users = pgTable("User", { id: key(), email: text().notNull(), name: text(), createdAt: createdNow() });
const workspaces = pgTable("Workspace", {
  id: key(),
  name: text().notNull(),
  description: text(),
  ownerId: text().notNull().references(() => users.id),
  createdAt: createdNow(),
});
const members = pgTable("WorkspaceMember", {
  id: key(),
  workspaceId: text().notNull().references(() => workspaces.id),
  userId: text().notNull().references(() => users.id),
  role: text().notNull(),
  joinedAt: createdNow(),
});
const workspaceRelations = relations(workspaces, ({ one, many }) => ({
  owner: one(users, { fields: [workspaces.ownerId], references: [users.id] }),
  members: many(members),
}));
const memberRelations = relations(members, ({ one }) => ({
  workspace: one(workspaces, { fields: [members.workspaceId], references: [workspaces.id] }),
}));

const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: 10,
  idleTimeoutMillis: IDLE_MILLISECONDS,
});
const db = drizzle({ client: pool, schema: { users, workspaces, members, workspaceRelations, memberRelations } });

const user = db.query.users.findFirst({ where: eq(users.id, sql.placeholder("id")) }).prepare("user");
const workspace = db.query.workspaces
  .findFirst({ where: eq(workspaces.id, sql.placeholder("id")), with: { owner: true } })
  .prepare("workspace");
const userWorkspaces = db.query.workspaces
  .findMany({
    where: eq(workspaces.ownerId, sql.placeholder("id")),
    with: { members: { columns: { role: true, userId: true } } },
    orderBy: desc(workspaces.createdAt),
    limit: 20,
  })
  .prepare("user_workspaces");
const page = db.query.workspaces
  .findMany({
    where: gt(workspaces.id, sql.placeholder("cursor")),
    orderBy: workspaces.id,
    limit: sql.placeholder("take"),
  })
  .prepare("page");

await serve({
  user: (id) => user.execute({ id }),
  workspace: (id) => workspace.execute({ id }),
  userWorkspaces: (id) => userWorkspaces.execute({ id }),
  page: ({ take, cursor }) => page.execute({ take, cursor: cursor ?? "" }),
  create: async ({ name, ownerId }) => {
    try {
      return await db.transaction(async (tx) => {
        const [created] = await tx.insert(workspaces).values({ name, ownerId }).returning();
        await tx.insert(members).values({ workspaceId: created!.id, userId: ownerId, role: "owner" });
        return created;
      });
    } catch (error) {
      const isOwnerMissing = error instanceof DrizzleQueryError && (error.cause as pg.DatabaseError).code === "23503";
      if (isOwnerMissing) return null;
      throw error;
    }
  },
  ready: () => db.execute(sql`SELECT 1`),
  close: () => pool.end(),
});
