// Fastify and Prisma 7: its compiled client without engine binaries, on node-postgres.
import { PrismaPg } from "@prisma/adapter-pg";
import { Prisma, PrismaClient } from "./generated/client.js";
import { serve } from "./serving.js";

const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL, max: 10 });
const prisma = new PrismaClient({ adapter });

await serve({
  user: (id) => prisma.user.findUnique({ where: { id } }),
  workspace: (id) => prisma.workspace.findUnique({ where: { id }, include: { owner: true } }),
  workspacesOf: (ownerId) =>
    prisma.workspace.findMany({
      where: { ownerId },
      include: { members: { select: { role: true, userId: true } } },
      orderBy: { createdAt: "desc" },
      take: 20,
    }),
  page: ({ take, cursor }) =>
    prisma.workspace.findMany({
      take,
      orderBy: { id: "asc" },
      ...(cursor === undefined ? {} : { cursor: { id: cursor }, skip: 1 }),
    }),
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
