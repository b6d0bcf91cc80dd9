// A diff between two live databases through one adapter: the engine describes one after the other on what it takes for
// one connection. When the first statement of a description comes again, the second one begins.
import { target } from "./url.mjs";

export class TwoDatabases {
  #first = null;
  #schemas;
  at = 0; // which of the two is described now

  constructor(urls) {
    this.#schemas = urls.map((url) => target(url).schema);
  }

  /** Looks at a query before it is sent; names of schemas become those of the second database. */
  sees(query) {
    if (query.sql.includes("server_version_num")) return; // asked once for each connection, no part of a description
    if (query.sql === this.#first) this.at = 1;
    this.#first ??= query.sql;
    if (this.at === 1) query.args = query.args.map((value) => this.#renamed(value));
  }

  #renamed(value) {
    if (Array.isArray(value)) return value.map((item) => this.#renamed(item));
    return value === this.#schemas[0] ? this.#schemas[1] : value;
  }
}
