// Shadow databases: a new one for each use, dropped whatever happens, or one of the user's own, emptied before each use.
import { randomUUID } from "node:crypto";
import { connect } from "./connection.mjs";
import { createShadow, dropShadow } from "./databases.mjs";
import { noShadowDatabase, serverError } from "./errors.mjs";
import { target } from "./url.mjs";

export class ShadowDatabases {
  #open = new Map(); // name -> its client, or null before it is connected
  #leaving = new Set(); // what is being closed or dropped now

  /** `admin` is a client that may create databases on the server of `url`. */
  constructor(admin, url) {
    this.admin = admin;
    this.url = url;
  }

  /** {client, end} on a new database. */
  async create() {
    const name = `prisma_migrate_shadow_db_${randomUUID()}`;
    this.#open.set(name, null); // before it exists: an end in between must drop it
    try {
      await createShadow(this.admin, name);
    } catch (error) {
      this.#open.delete(name);
      throw noShadowDatabase(serverError(error));
    }
    const client = await connect(this.url, { ...target(this.url), database: name });
    this.#open.set(name, client);
    return { client, end: () => this.#leave(this.#drop(name)) };
  }

  /** {client, end} on the user's own database `url`. */
  async borrow(url) {
    const client = await connect(url);
    return { client, end: () => this.#leave(client.end()) };
  }

  async #drop(name) {
    const client = this.#open.get(name);
    this.#open.delete(name);
    await client?.end();
    await dropShadow(this.admin, name);
  }

  #leave(work) {
    const done = work.finally(() => this.#leaving.delete(done));
    this.#leaving.add(done);
    return done;
  }

  /** Waits for those that are on their way out. */
  settled = () => Promise.allSettled(this.#leaving);

  async close() {
    for (const name of [...this.#open.keys()]) this.#leave(this.#drop(name)).catch(() => {});
    await this.settled();
  }
}
