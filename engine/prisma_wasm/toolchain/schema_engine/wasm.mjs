// Prisma's schema engine as WASM: loaded once, and its panics told from other errors.
import { webcrypto } from "node:crypto";
import { readFile } from "node:fs/promises";
import { importPackage, fileBeside } from "./packages.mjs";

globalThis.crypto ??= webcrypto; // Node 18 has no global one, and the WASM code asks it for random numbers

const PACKAGE = "@prisma/schema-engine-wasm";

/** A Rust panic: the engine is of no further use. */
export class Panic extends Error {}

// The engine calls set_message on this global, whose name it has compiled in, before it traps.
const lastPanic = { message: "", set_message: (message) => (lastPanic.message = message) };
globalThis.PRISMA_WASM_PANIC_REGISTRY = lastPanic;

let loading;

/** The engine's class, SchemaEngine. */
export const schemaEngine = () => (loading ??= load());

async function load() {
  const [glue, bytes] = await Promise.all([
    importPackage(`${PACKAGE}/schema_engine_bg`),
    readFile(fileBeside(PACKAGE, "schema_engine_bg.wasm")),
  ]);
  const { instance } = await WebAssembly.instantiate(bytes, { "./schema_engine_bg.js": glue });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return glue.SchemaEngine;
}

/** The panic behind a trap of the WASM code, any other error as it is. */
export const unmasked = (error) =>
  error instanceof WebAssembly.RuntimeError ? new Panic(lastPanic.message || error.message) : error;
