// Fastify and Prisma 7: its compiled client without engine binaries, on node-postgres. By default it
// follows Prisma's documentation; with AS_OURS=1 it uses our server's settings: relations by joins,
// named statements, which PostgreSQL prepares once, and pages after the last id.
import { PrismaPg } from "@prisma/adapter-pg";
import { Prisma, PrismaClient } from "./generated/client.js";
import { IDLE_MILLISECONDS, serve } from "./serving.js";

const asOurs = process.env.AS_OURS === "1";
const relationLoadStrategy = asOurs ? "join" : "query"; // "query" is Prisma's default
const names = new Map<string, string>();

function statementNameGenerator({ sql }: { sql: string }) {
  const name = names.get(sql) ?? `statement_${names.size}`;
  names.set(sql, name);
  return name;
}

const adapter = new PrismaPg(
  { connectionString: process.env.DATABASE_URL, max: 10, idleTimeoutMillis: IDLE_MILLISECONDS },
  asOurs ? { statementNameGenerator } : {},
);
const prisma = new PrismaClient({ adapter });

function after(cursor: string | undefined): Prisma.WorkspaceFindManyArgs {
  if (cursor === undefined) return {};
  return asOurs ? { where: { id: { gt: cursor } } } : { cursor: { id: cursor }, skip: 1 };
}

await serve({
  user: (id) => prisma.user.findUnique({ where: { id } }),
  workspace: (id) => prisma.workspace.findUnique({ relationLoadStrategy, where: { id }, include: { owner: true } }),
  userWorkspaces: (ownerId) =>
    prisma.workspace.findMany({
      relationLoadStrategy,
      where: { ownerId },
      include: { members: { select: { role: true, userId: true } } },
      orderBy: { createdAt: "desc" },
      take: 20,
    }),
  page: ({ take, cursor }) => prisma.workspace.findMany({ take, orderBy: { id: "asc" }, ...after(cursor) }),
  create: async ({ name, ownerId }) => {
    try {
      return await prisma.workspace.create({
        data: { name, ownerId, members: { create: { userId: ownerId, role: "owner" } } },
      });
    } catch (error) {
      if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === "P2003") return null;
      throw error;
    }
  },
  ready: () => prisma.$queryRaw`SELECT 1`,
  close: () => prisma.$disconnect(),
});
