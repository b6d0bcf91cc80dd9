// Loaded into the Prisma CLI's process before it starts (node --require): what is changed inside of it.
const { join } = require("node:path");

const modules = process.env.PRISMA_WASM_NODE_MODULES;
if (modules) require("node:module").enableCompileCache?.(join(modules, "..", "compile-cache"));

require("./lost_children.cjs");
require("./bytes_defaults.cjs");

// Studio loads the query engine as a native library; ours is JavaScript.
const dlopen = process.dlopen;
process.dlopen = (target, path, ...flags) => {
  if (path !== process.env.PRISMA_QUERY_ENGINE_LIBRARY || !path.endsWith(".cjs")) return dlopen.call(process, target, path, ...flags);
  target.exports = require(path);
};

// A schema that must serve Prisma 5 as well has to say "fullTextSearch". Prisma 6 takes that word for its own
// "fullTextSearchPostgres" but warns each time, about what users can do nothing about.
const RENAMED = /preview feature "fullTextSearch" has been renamed to "fullTextSearchPostgres"/;
const HEADING = /^\s*(\x1b\[\d+m)*Prisma schema warnings?:/;

// A warning is one line; several stand below a heading that counts them.
function withoutRenamed(text) {
  const lines = text.split("\n").filter((line) => !RENAMED.test(line));
  const left = lines.filter((line) => line.trim() !== "" && !HEADING.test(line)).length;
  if (left === 0) return null;
  return lines.map((line) => (left === 1 && HEADING.test(line) ? line.replace("warnings:", "warning:") : line)).join("\n");
}

for (const method of ["warn", "error"]) {
  const original = console[method];
  console[method] = (...args) => {
    if (typeof args[0] !== "string" || !RENAMED.test(args[0])) return original.apply(console, args);
    const left = withoutRenamed(args[0]);
    if (left !== null) original.call(console, left, ...args.slice(1));
  };
}

// Progress takes its last line back, in a file or a pipe too.
const REWRITING = /\x1b\[(?:2K|1A|G)/g;

if (!process.stdout.isTTY) {
  const write = process.stdout.write;
  process.stdout.write = (text, ...rest) => write.call(process.stdout, typeof text === "string" ? text.replace(REWRITING, "") : text, ...rest);
}
