// Databases made and dropped: the one of a URL, and shadow databases.
import { connect, quoted } from "./connection.mjs";
import { connectionError, databaseExists, Known, noDefaultDatabase, serverError } from "./errors.mjs";
import { target } from "./url.mjs";

const DEFAULT_DATABASES = ["postgres", "template1", "defaultdb"];
const DUPLICATE_DATABASE = "42P04";
const UNIQUE_VIOLATION = "23505"; // two CREATE DATABASE at once
const NO_SUCH_DATABASE = "3D000";
const SYNTAX_ERROR = "42601";

/** Makes the database of a URL with its schema; P1009 where it exists. */
export async function createDatabase(url) {
  const { database, schema } = target(url);
  let exists = false;
  await asAdmin(url, `CREATE DATABASE ${quoted(database)}`).catch((error) => {
    exists = error.code === DUPLICATE_DATABASE || error.code === UNIQUE_VIOLATION;
    if (!exists) throw serverError(error);
  });
  const client = await connect(url);
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`).finally(() => client.end());
  if (exists) throw databaseExists(database);
  return database;
}

export async function dropDatabase(url) {
  const at = target(url);
  await asAdmin(url, `DROP DATABASE ${quoted(at.database)}`).catch((error) => {
    throw error.code === NO_SUCH_DATABASE ? connectionError(error, at) : serverError(error);
  });
}

export const createShadow = (client, name) => client.query(`CREATE DATABASE ${quoted(name)}`);

export const dropShadow = (client, name) =>
  client.query(`DROP DATABASE IF EXISTS ${quoted(name)} WITH (FORCE)`).catch((error) => {
    if (error.code !== SYNTAX_ERROR) throw error; // PostgreSQL 12 and older know no FORCE
    return client.query(`DROP DATABASE IF EXISTS ${quoted(name)}`);
  });

async function asAdmin(url, sql) {
  const client = await connectToDefault(url);
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function connectToDefault(url) {
  for (const database of DEFAULT_DATABASES)
    try {
      return await connect(url, { ...target(url), database });
    } catch (error) {
      if (!(error instanceof Known) || !["P1003", "P1010"].includes(error.code)) throw error;
    }
  throw noDefaultDatabase();
}
