// What PRISMA_QUERY_ENGINE_LIBRARY names. `prisma version` asks it for its commit, and `prisma studio` runs its queries
// through it; cli_preload.cjs loads it in place of the native library that the CLI expects.
const COMMIT = "c2990dca591cba766e3b7ef5d9e8a84796e47ab7";

exports.version = () => ({ commit: COMMIT, version: COMMIT });

/** The native library's class, in front of an engine that can only be made asynchronously. */
class QueryEngine {
  #options;
  #log;
  #engine;

  constructor(options, log) {
    this.#options = options;
    this.#log = log;
  }

  async started() {
    const { startQueryEngine } = await import("./query_engine.mjs");
    this.#engine ??= startQueryEngine(this.#options, this.#log);
    return this.#engine.catch((error) => {
      this.#engine = undefined; // the next request tries again
      throw error;
    });
  }
}

const METHODS = ["connect", "disconnect", "query", "startTransaction", "commitTransaction", "rollbackTransaction", "trace"];
for (const method of METHODS)
  QueryEngine.prototype[method] = async function (...args) {
    return (await this.started())[method](...args);
  };

exports.QueryEngine = QueryEngine;
