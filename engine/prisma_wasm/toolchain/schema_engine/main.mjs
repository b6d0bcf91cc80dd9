// Prisma's schema engine without a binary: the command line of what PRISMA_SCHEMA_ENGINE_BINARY names.
//   --version
//   cli --datasource URL can-connect-to-database | create-database | drop-database
//   [--datamodels FILE]... [--datasource JSON]       serves JSON-RPC on stdin and stdout
import { readFileSync } from "node:fs";
import module from "node:module";
import { join } from "node:path";

const modules = process.env.PRISMA_WASM_NODE_MODULES;
if (modules) module.enableCompileCache?.(join(modules, "..", "compile-cache"));

const COMMIT = "c2990dca591cba766e3b7ef5d9e8a84796e47ab7"; // of the engine that the pinned CLI expects

function parsed(argv) {
  const options = { datamodels: [], words: [] };
  for (let i = 0; i < argv.length; i++) {
    const [, name, , inline] = /^--?([\w-]+)(=(.*))?$/s.exec(argv[i]) ?? [];
    if (!name) options.words.push(argv[i]);
    else if (name === "version" || name === "V") options.version = true;
    else if (name === "datamodels" || name === "d") options.datamodels.push(inline ?? argv[++i]);
    else if (name === "datasource") options.datasource = inline ?? argv[++i];
  }
  return options;
}

const { version, words, datamodels, datasource } = parsed(process.argv.slice(2));
if (version) console.log(`schema-engine-cli ${COMMIT}`);
else if (words[0] === "cli") {
  const { runCommand } = await import("./command.mjs");
  await runCommand(words[1], datasource);
} else {
  const { serve } = await import("./server.mjs");
  const files = datamodels.map((path) => [path, readFileSync(path, "utf8")]);
  serve(files, datasource && JSON.parse(datasource));
}
