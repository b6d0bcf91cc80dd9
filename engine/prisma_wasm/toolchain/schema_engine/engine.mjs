// The schema engine's methods by their JSON-RPC names. Those that no WASM method answers whole are here; the others go
// to the session of the schema's database.
import { connect } from "./connection.mjs";
import { createDatabase } from "./databases.mjs";
import { datasource } from "./datasource.mjs";
import { diffRequest } from "./diff.mjs";
import { withPlainViews } from "./older_schemas.cjs";
import { asPairs, withFeatureNamesOf, withPlainFiles, withViewsOf } from "./schema_files.mjs";
import { Session } from "./session.mjs";
import { Panic } from "./wasm.mjs";

export class Engine {
  #sessions = new Map();
  #files;
  #override;
  #print;

  /** `files` are [path, text] of the schema; `override` is a config file's datasource; `print` shows a text to the user. */
  constructor(files, override, print) {
    this.#files = withPlainViews(files);
    this.#override = override;
    this.#print = print;
  }

  async call(method, params) {
    const own = this.#own[method];
    const plain = withPlainFiles(params);
    if (own) return own(plain ?? {}, params);
    return (await this.#sessionOfSchema()).call(method, plain);
  }

  close() {
    return Promise.allSettled([...this.#sessions.values()].map((session) => session.close()));
  }

  #own = {
    __proto__: null,
    createDatabase: async (params) => ({ databaseName: await createDatabase(this.#urlOf(params.datasource)) }),
    ensureConnectionValidity: async (params) => {
      await (await connect(this.#urlOf(params.datasource))).end();
      return {};
    },
    getDatabaseVersion: async (params) => {
      const session = params.datasource
        ? await this.#session({ urls: [this.#urlOf(params.datasource)] })
        : await this.#sessionOfSchema();
      return session.call("version", undefined);
    },
    dbExecute: async (params) => {
      const of = params.datasourceType;
      const url = of.tag === "url" ? of.url : this.#urlOf(of);
      await (await this.#session({ urls: [url] })).call("dbExecute", params);
    },
    introspect: async (params, given) => {
      const session = await this.#sessionOfSchema(asPairs(params.schema.files));
      const result = await session.call("introspect", { namespaces: null, ...params });
      return withViewsOf(given.schema, withFeatureNamesOf(given.schema, result));
    },
    diff: async (given) => {
      const { params, ...options } = diffRequest(given, this.#override);
      const { stdout, exitCode } = await (await this.#session(options)).call("diff", params);
      if (stdout) this.#print(stdout.replace(/\n$/, "")); // the CLI adds the last newline again
      return { exitCode, stdout: null };
    },
    introspectSql: async () => {
      throw new Error("TypedSQL (`prisma generate --sql`) is not supported: only clients for JavaScript use it.");
    },
    debugPanic: async () => {
      throw new Panic("[schema-engine] This is the debugPanic artificial panic");
    },
  };

  #urlOf(of) {
    return of.tag === "ConnectionString" ? of.url : datasource(asPairs(of.files), this.#override).url;
  }

  #sessionOfSchema(files = this.#files) {
    const { url, shadowUrl } = datasource(files, this.#override);
    return this.#session({ urls: [url], shadowUrl, files });
  }

  async #session({ urls, shadowUrl = null, files = [] }) {
    const key = JSON.stringify([urls, shadowUrl, files]);
    if (!this.#sessions.has(key)) {
      const session = new Session({ urls, shadowUrl, files });
      this.#sessions.set(key, session); // before it starts, so that close() finds it
      await session.start().catch((error) => {
        this.#sessions.delete(key);
        throw error;
      });
    }
    return this.#sessions.get(key);
  }
}
