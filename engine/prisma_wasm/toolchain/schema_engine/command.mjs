// `schema-engine cli --datasource URL COMMAND`: one thing done to one database, exit code 0 or 1.
import { connect } from "./connection.mjs";
import { createDatabase, dropDatabase } from "./databases.mjs";
import { Known } from "./errors.mjs";
import { log } from "./log.mjs";

const COMMANDS = {
  __proto__: null,
  "can-connect-to-database": async (url) => {
    await (await connect(url)).end();
    return "Connection successful";
  },
  "create-database": async (url) => `Database '${await createDatabase(url)}' was successfully created.`,
  "drop-database": async (url) => {
    await dropDatabase(url);
    return "The database was successfully dropped.";
  },
};

export async function runCommand(name, url) {
  log("INFO", { message: "Starting schema engine CLI" }); // the CLI throws the first line away
  try {
    if (!COMMANDS[name]) throw new Error(`Unknown command: ${name}`);
    log("INFO", { message: await COMMANDS[name](url) });
  } catch (error) {
    const code = error instanceof Known ? error.code : "";
    log("ERROR", { is_panic: false, error_code: code, message: error.message }, "schema_engine::logger");
    process.exitCode = 1;
  }
}
