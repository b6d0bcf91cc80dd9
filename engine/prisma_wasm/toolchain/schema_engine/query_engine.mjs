// Studio's queries: the query engine as WASM that the Prisma CLI carries, with Prisma's own adapter for pg.
import { webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import { connectionConfig } from "./connection.mjs";
import { datasource } from "./datasource.mjs";
import { Known } from "./errors.mjs";
import { withModelsForViews } from "./older_schemas.cjs";
import { fileBeside, requirePackage } from "./packages.mjs";

globalThis.crypto ??= webcrypto; // as in wasm.mjs

const MAX_CONNECTIONS = 4;
const BUILD = fileBeside("prisma-cli/package.json", "build/query_engine_bg.postgresql");

/** A started engine for the options that the native library would get. */
export async function startQueryEngine(options, log) {
  const { at, config } = await connectionConfig(urlOf(options)).catch((error) => {
    throw readable(error);
  });
  const { PrismaPg } = requirePackage("@prisma/adapter-pg");
  const { bindAdapter } = requirePackage("@prisma/driver-adapter-utils");
  const pool = { ...config, max: MAX_CONNECTIONS, allowExitOnIdle: true };
  const adapter = await new PrismaPg(pool, { schema: at.schema }).connect();
  const QueryEngine = await queryEngineClass();
  const [[, datamodel]] = withModelsForViews([["schema.prisma", options.datamodel]]);
  return new QueryEngine({ ...options, datamodel }, log, bindAdapter(adapter));
}

function urlOf({ datamodel, datasourceOverrides }) {
  const [url] = Object.values(datasourceOverrides ?? {});
  return url ?? datasource([["schema.prisma", datamodel]]).url;
}

// The client reads the errors of an engine's start as JSON.
const readable = (error) =>
  new Error(
    JSON.stringify({
      is_panic: false,
      message: error.message,
      error_code: error instanceof Known ? error.code : undefined,
    }),
  );

let loading;
const queryEngineClass = () => (loading ??= load());

async function load() {
  const glue = requirePackage(`${BUILD}.js`);
  const { instance } = await WebAssembly.instantiate(await readFile(`${BUILD}.wasm`), { "./query_engine_bg.js": glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue.QueryEngine;
}
