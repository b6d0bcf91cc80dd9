// Watches the statements of an applied migration, so that its failure can be told in Prisma's words: the WASM engine
// only knows "external connector error".
import { migrationFailed } from "./migration_failure.mjs";

const BOOKKEEPING_INSERT = /^INSERT INTO .*_prisma_migrations/;
const BOOKKEEPING_LOGS = /^UPDATE .*_prisma_migrations.*"?logs/s;

export class MigrationWatch {
  #names = new Set();
  #current = "";
  failure = null; // what to say instead of the engine's error

  /** A call of the engine begins, with these parameters. */
  begin(params) {
    this.failure = null;
    this.#names = new Set(params?.migrationsList?.migrationDirectories?.map((directory) => directory.path));
  }

  /** Looks at a query: which migration begins, and what is written down about one that failed. */
  sees(query) {
    if (BOOKKEEPING_INSERT.test(query.sql))
      this.#current = query.args.find((value) => this.#names.has(value)) ?? this.#current;
    else if (this.failure && BOOKKEEPING_LOGS.test(query.sql))
      query.args = query.args.map((value) => (/external connector error/.test(value) ? this.failure.message : value));
  }

  failed(script, error) {
    this.failure = migrationFailed(this.#current, script, error);
  }
}
