// The routes, JSON schemas, start and shutdown that both Fastify servers share.
// Fastify validates input with Ajv and writes output with fast-json-stringify, both from the schemas.
import Fastify, { type FastifyReply } from "fastify";

/** Idle connections stay open while other servers are measured, as those of the Python servers do. */
export const IDLE_MILLISECONDS = 300_000;

export interface Page {
  take: number;
  cursor?: string;
}

export interface NewWorkspace {
  name: string;
  ownerId: string;
}

/** The queries of one library; null means that there is no such row. */
export interface Queries {
  user(id: string): Promise<unknown>;
  workspace(id: string): Promise<unknown>;
  userWorkspaces(userId: string): Promise<unknown[]>;
  page(page: Page): Promise<unknown[]>;
  create(body: NewWorkspace): Promise<unknown>;
  ready(): Promise<unknown>;
  close(): Promise<void>;
}

const text = { type: "string" } as const;
const textOrNull = { type: "string", nullable: true } as const;
const timestamp = { type: "string", format: "date-time" } as const;
const id = { type: "string", minLength: 1, maxLength: 64 } as const;

function record(properties: Record<string, object>) {
  return { type: "object", required: Object.keys(properties), properties };
}

function listOf(items: object) {
  return { type: "array", items };
}

const userFields = { id: text, email: text, name: textOrNull, createdAt: timestamp };
const workspaceFields = { id: text, name: text, description: textOrNull, ownerId: text, createdAt: timestamp };
const problem = record({ detail: text });
const params = record({ id });

const schemas = {
  user: { params, response: { 200: record(userFields), 404: problem } },
  workspace: {
    params,
    response: { 200: record({ ...workspaceFields, owner: record(userFields) }), 404: problem },
  },
  userWorkspaces: {
    params,
    response: {
      200: listOf(record({ ...workspaceFields, members: listOf(record({ role: text, userId: text })) })),
    },
  },
  page: {
    querystring: {
      type: "object",
      properties: { take: { type: "integer", minimum: 1, maximum: 100, default: 50 }, cursor: id },
    },
    response: { 200: listOf(record(workspaceFields)) },
  },
  create: {
    body: {
      ...record({ name: { type: "string", minLength: 1, maxLength: 200 }, ownerId: id }),
      additionalProperties: false,
    },
    response: { 201: record(workspaceFields), 404: problem },
  },
  ready: { response: { 200: record({ status: text }) } },
};

function valueOr404(value: unknown, reply: FastifyReply) {
  return value ?? reply.code(404).send({ detail: "Not found." });
}

export async function serve(queries: Queries) {
  const app = Fastify({ logger: false });

  app.get<{ Params: { id: string } }>("/users/:id", { schema: schemas.user }, async (request, reply) =>
    valueOr404(await queries.user(request.params.id), reply),
  );
  app.get<{ Params: { id: string } }>("/workspaces/:id", { schema: schemas.workspace }, async (request, reply) =>
    valueOr404(await queries.workspace(request.params.id), reply),
  );
  app.get<{ Params: { id: string } }>("/users/:id/workspaces", { schema: schemas.userWorkspaces }, (request) =>
    queries.userWorkspaces(request.params.id),
  );
  app.get<{ Querystring: Page }>("/workspaces", { schema: schemas.page }, (request) => queries.page(request.query));
  app.post<{ Body: NewWorkspace }>("/workspaces", { schema: schemas.create }, async (request, reply) => {
    reply.code(201);
    return valueOr404(await queries.create(request.body), reply);
  });
  app.get("/ready", { schema: schemas.ready }, async () => {
    await queries.ready();
    return { status: "ready" };
  });

  app.addHook("onClose", () => queries.close());
  process.once("SIGTERM", () => void app.close());
  process.once("SIGINT", () => void app.close());
  await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
}
