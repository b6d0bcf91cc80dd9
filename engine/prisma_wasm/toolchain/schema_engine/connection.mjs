// One plain connection to PostgreSQL. No pool: the advisory lock belongs to the connection that migrates.
import { connectionError } from "./errors.mjs";
import { requirePackage } from "./packages.mjs";
import { tlsAttempts } from "./tls.mjs";
import { target } from "./url.mjs";

const DEFAULT_TIMEOUT = 5; // seconds, as Prisma's connect_timeout

/** A connected pg client for a URL, or for `at` taken from one; throws Prisma's errors. */
export async function connect(url, at = target(url)) {
  return (await reach(at)).client;
}

/** {at, config} with which pg reaches the database of a URL, after trying; throws Prisma's errors. */
export async function connectionConfig(url) {
  const at = target(url);
  const { client, ssl } = await reach(at);
  await client.end();
  return { at, config: { ...pgConfig(at), ssl } };
}

// {client, ssl} with the first way of TLS that the server takes.
async function reach(at) {
  const { Client } = requirePackage("pg");
  try {
    const [first, second] = tlsAttempts(at);
    return await open(Client, at, first).catch((error) => {
      if (second === undefined || !mayWorkOtherwise(error)) throw error;
      return open(Client, at, second);
    });
  } catch (error) {
    throw connectionError(error, at);
  }
}

// The server speaks no TLS, or has no rule for the user with TLS, or without it.
const mayWorkOtherwise = ({ code, message }) => message === NO_TLS_THERE || code === NO_RULE;
const NO_TLS_THERE = "The server does not support SSL connections"; // pg gives it no code
const NO_RULE = "28000";

export const quoted = (name) => `"${name.replaceAll('"', '""')}"`;

async function open(Client, at, ssl) {
  const client = new Client({ ...pgConfig(at), ssl });
  client.on("error", () => {}); // a lost connection shows in the next query
  const settings = {};
  client.connection.on("parameterStatus", (told) => (settings[told.parameterName] = told.parameterValue));
  try {
    await client.connect();
    await client.query(sessionSetup(at.schema, settings.DateStyle));
    return { client, ssl };
  } catch (error) {
    client.end().catch(() => {}); // not awaited: it never ends where the server has hung up already
    throw error;
  }
}

const pgConfig = ({ host, port, user, password, database, param }) => ({
  host,
  port,
  user,
  password,
  database,
  application_name: param.application_name,
  options: param.options,
  connectionTimeoutMillis: 1000 * seconds(param.connect_timeout),
});

// 0 means no limit; what is no number is ignored, as Prisma's engine does.
const seconds = (text) => (/^\d+$/.test(text ?? "") ? Number(text) : DEFAULT_TIMEOUT);

// Migrations name no schema; and times are read in one form. `ISO` leaves the order of day and month as it is.
const sessionSetup = (schema, dateStyle) =>
  `SET search_path = ${quoted(schema)}${dateStyle?.startsWith("ISO") ? "" : "; SET DateStyle = ISO"}`;
