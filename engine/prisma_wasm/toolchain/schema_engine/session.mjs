// One database (or none, or two for a diff) with the WASM engine on it.
import { adapter, EMPTY } from "./adapter.mjs";
import { connect } from "./connection.mjs";
import { Known, lockTimeout } from "./errors.mjs";
import { withoutKnownExtensions } from "./extensions.mjs";
import { MigrationWatch } from "./migration_watch.mjs";
import { RelationTables } from "./relation_tables.mjs";
import { ShadowDatabases } from "./shadow.mjs";
import { TwoDatabases } from "./two_databases.mjs";
import { target } from "./url.mjs";
import { Panic, schemaEngine, unmasked } from "./wasm.mjs";

const noAdvisoryLock = Boolean(process.env.PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK);

export class Session {
  #clients = [];
  #engine;
  #relationTables = new RelationTables();
  #shadows = null;
  #shadowFailure = null;
  #watch = new MigrationWatch();

  constructor({ urls, shadowUrl = null, files = [] }) {
    Object.assign(this, { urls, shadowUrl, files });
  }

  async start() {
    for (const url of this.urls) this.#clients.push(await connect(url));
    if (this.urls.length) this.#shadows = new ShadowDatabases(this.#clients[0], this.urls[0]);
    this.#engine = await this.#newEngine();
    return this;
  }

  async #newEngine() {
    const SchemaEngine = await schemaEngine();
    const datamodels = this.files.length ? this.files : undefined;
    return SchemaEngine.new({ datamodels }, debugLog, {
      provider: "postgres",
      adapterName: "@prisma/adapter-pg",
      connect: async () => ({ ok: true, value: this.urls.length ? this.#liveAdapter() : offline }),
      connectToShadowDb: () => this.#shadowAdapter(),
    });
  }

  get client() {
    return this.#clients[0];
  }

  async call(method, params) {
    this.#watch.begin(params);
    this.#relationTables.begin(method, this.#schemaTexts(params));
    this.#shadowFailure = null;
    try {
      params = await withoutKnownExtensions(method, params, this.client);
      const result = await this.#withDiagnosis(method, params);
      if (!this.#relationTables.unveil(result?.migrationScript ?? result?.stdout ?? "")) return result;
      this.#engine = await this.#newEngine(); // the old one has a cache of what it was shown
      return await this.#withDiagnosis(method, params);
    } catch (error) {
      throw this.#worded(unmasked(error));
    } finally {
      await this.#shadows?.settled();
    }
  }

  // The engine knows the history's schema only if a diagnosis left it in its cache, and the diagnosis at the start of
  // `migrate dev` did not if a migration has been applied since. Another one does.
  #withDiagnosis(method, params) {
    return this.#engine[method](params).catch(async (error) => {
      if (!/must be provided through an external factory/.test(error.message)) throw error;
      const { migrationsList, filters } = params;
      await this.#engine.diagnoseMigrationHistory({ migrationsList, filters, optInToShadowDatabase: true });
      return this.#engine[method](params);
    });
  }

  #schemaTexts(params) {
    const given = [params?.schema, params?.from, params?.to].flatMap((of) => of?.files ?? []);
    return [...this.files.map(([, text]) => text), ...given.map((file) => file.content)];
  }

  #liveAdapter() {
    const two = this.urls.length > 1 ? new TwoDatabases(this.urls) : null;
    const before = (query) => {
      if (noAdvisoryLock && query.sql.includes("pg_advisory_lock")) return EMPTY;
      this.#watch.sees(query);
      if (!query.args.length) query.sql = this.#relationTables.withKeys(query.sql);
      return two?.sees(query);
    };
    return adapter({
      current: () => this.#clients[two?.at ?? 0],
      schema: target(this.urls[0]).schema,
      before,
      after: (result) => this.#relationTables.shown(result),
      beforeScript: (script) => this.#relationTables.withKeys(script),
      scriptFailed: (script, error) => this.#watch.failed(script, error),
    });
  }

  async #shadowAdapter() {
    try {
      const url = this.shadowUrl;
      if (url) await emptied(url, this.files);
      const shadows = (this.#shadows ??= new ShadowDatabases(null, null));
      const { client, end } = await (url ? shadows.borrow(url) : shadows.create());
      const { schema } = target(url ?? this.urls[0]);
      const after = (result) => this.#relationTables.shown(result);
      return { ok: true, value: adapter({ current: () => client, schema, after, dispose: end }) };
    } catch (error) {
      this.#shadowFailure = error;
      return { ok: false, error: { kind: "GenericJs", id: 0 } };
    }
  }

  #worded(error) {
    if (error instanceof Panic) return error;
    if (this.#shadowFailure ?? this.#watch.failure) return this.#shadowFailure ?? this.#watch.failure;
    if (error.code === "P1002") return lockTimeout();
    const text = withoutTrace(String(error.message ?? error));
    return error.code ? new Known(error.code, text, error.meta) : new Error(`${text}\n`);
  }

  async close() {
    await this.#shadows?.close();
    await Promise.allSettled(this.#clients.map((client) => client.end()));
  }
}

// Unknown errors end with the Rust calls they came through, a line each.
const withoutTrace = (text) => text.replace(/\n +\d+: [\s\S]*$/, "").trimEnd();

// Emptied as Prisma's engine does it: by its own reset.
async function emptied(url, files) {
  const session = new Session({ urls: [url], files });
  try {
    await session.start();
    await session.call("reset", { filter: { externalTables: [], externalEnums: [] } });
  } finally {
    await session.close();
  }
}

function debugLog(message) {
  if (!/prisma:schemaEngine|\*/.test(process.env.DEBUG ?? "")) return;
  const line = { level: "DEBUG", fields: { message: String(message) }, target: "schema_engine" };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

// A diff without a live database: the engine asks a new connection who it is, nothing else.
const offline = adapter({
  schema: "public",
  current: () => Promise.reject(new Error("There is no database in this diff.")),
  before: ({ sql }) => (sql.includes("server_version_num") ? WHO_IT_IS : undefined),
});

const WHO_IT_IS = {
  columnNames: ["exists", "version", "numeric_version"],
  columnTypes: [5, 7, 0],
  rows: [[true, "PostgreSQL", 160000]],
};
