// Prisma 5 took the default of a Bytes field without the padding of its base64; Prisma 6 refuses it. Schemas of both
// kinds are read here as Prisma 6 wants them.
const fs = require("node:fs");

const DEFAULT = /^([^\S\n]*\w+\s+Bytes\b[^\n]*?@default\()(\[[^\]\n]*\]|"[^"\n]*")/gm;
const BASE64 = /"([A-Za-z0-9+/]+)"/g;

const padded = (text) =>
  text.replace(DEFAULT, (_, before, values) => before + values.replace(BASE64, (_, value) => `"${value.padEnd(Math.ceil(value.length / 4) * 4, "=")}"`));

const mended = (path, content) => {
  if (!String(path).endsWith(".prisma")) return content;
  return typeof content === "string" ? padded(content) : Buffer.from(padded(content.toString()));
};

const { readFile, readFileSync } = fs;
fs.readFileSync = (path, ...options) => mended(path, readFileSync(path, ...options));
fs.readFile = (path, ...rest) => {
  const done = rest.pop();
  readFile(path, ...rest, (error, content) => (error ? done(error) : done(null, mended(path, content))));
};
const readLater = fs.promises.readFile;
fs.promises.readFile = async (path, ...options) => mended(path, await readLater(path, ...options));
