// Loaded into the Prisma CLI's process before it starts (node --require): what is changed inside of it.
const { join } = require("node:path");

const modules = process.env.PRISMA_WASM_NODE_MODULES;
if (modules) require("node:module").enableCompileCache?.(join(modules, "..", "compile-cache"));

require("./lost_children.cjs");
require("./schema_wasm.cjs");

// Studio loads the query engine as a native library; ours is JavaScript.
const dlopen = process.dlopen;
process.dlopen = (target, path, ...flags) => {
  if (path !== process.env.PRISMA_QUERY_ENGINE_LIBRARY || !path.endsWith(".cjs")) return dlopen.call(process, target, path, ...flags);
  target.exports = require(path);
};

const { withOurHelp } = require("./help_text.cjs");
const { withViewsNamed } = require("./older_schemas.cjs");

// Errors that only say what is wrong with a view.
const WAYS_OUT = [
  [/relations are not supported for views/, "Relate the view by a field with @relation(fields: [...], references: [...]) on one side."],
  [/only available with the `views` preview feature/, 'Write previewFeatures = ["views"] in the generator block.'],
];

const { log, error: print } = console;
console.log = (said, ...args) => log.call(console, typeof said === "string" ? withOurHelp(said) : said, ...args);
console.error = (said, ...args) => {
  print.call(console, typeof said === "string" ? withViewsNamed(withOurHelp(said)) : said, ...args);
  for (const [problem, wayOut] of WAYS_OUT) if (problem.test(said)) print.call(console, wayOut);
};

// Progress takes its last line back, in a file or a pipe too.
const REWRITING = /\x1b\[(?:2K|1A|G)/g;

if (!process.stdout.isTTY) {
  const write = process.stdout.write;
  process.stdout.write = (text, ...rest) => write.call(process.stdout, typeof text === "string" ? text.replace(REWRITING, "") : text, ...rest);
}
