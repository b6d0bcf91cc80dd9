// A connection's face towards the WASM engine: its driver adapter, whose methods answer {ok, value} or {ok, error}.
import { argument, resultSet } from "./values.mjs";

export const EMPTY = { columnNames: [], columnTypes: [], rows: [] };

/**
 * The adapter of a database. `current()` is the client to use now. Hooks, all optional:
 * `before(query)` may change a query's arguments or answer it with a result set of its own; `after(result)` may change
 * what comes back; `beforeScript(script)` may change a script; `scriptFailed(script, error)` hears of a script that failed; `dispose()` ends the connection.
 */
export function adapter({ current, schema, before = none, after = same, beforeScript = same, scriptFailed = none, dispose = nothing }) {
  const query = async ({ sql, args, argTypes }) => {
    const values = args.map((value, i) => argument(value, argTypes[i]));
    const client = await current();
    return client.query({ text: sql, values, rowMode: "array", types: TEXTS });
  };
  const queryable = {
    provider: "postgres",
    adapterName: "@prisma/adapter-pg",
    queryRaw: answered(async (asked) => {
      const own = before(asked);
      if (own) return own;
      const { fields, rows } = await query(asked);
      return after(resultSet(fields, rows));
    }),
    executeRaw: answered(async (asked) => (before(asked) ? 0 : ((await query(asked)).rowCount ?? 0))),
  };
  return {
    ...queryable,
    // One simple query, as Prisma's engine sends it: one implicit transaction, and bodies that hold ";" stay whole.
    executeScript: answered(async (script) => {
      try {
        await (await current()).query(beforeScript(script));
      } catch (error) {
        scriptFailed(script, error);
        throw error;
      }
    }),
    getConnectionInfo: () => ({ ok: true, value: { schemaName: schema, supportsRelationJoins: true } }),
    dispose: answered(dispose),
    // The engine sends COMMIT and ROLLBACK itself where it does not use phantom queries.
    startTransaction: answered(async () => {
      await (await current()).query("BEGIN");
      const done = answered(nothing);
      return { ...queryable, options: { usePhantomQuery: false }, commit: done, rollback: done };
    }),
  };
}

const none = () => undefined;
const nothing = async () => {};
const same = (given) => given;
const TEXTS = { getTypeParser: () => (text) => text };

const answered =
  (work) =>
  async (...args) => {
    try {
      return { ok: true, value: await work(...args) };
    } catch (error) {
      return { ok: false, error: wire(error) };
    }
  };

// "postgres" errors go through raw: the engine knows the codes.
function wire(error) {
  const { code, severity, message, detail, column, hint } = error;
  if (!severity) return { kind: "GenericJs", id: 0, originalMessage: message };
  return { kind: "postgres", code, severity, message, detail, column, hint, originalCode: code, originalMessage: message };
}
