// The WASM module with which the CLI reads schemas: what goes into it, and what it answers about folders of files. The
// files that the CLI formats, copies and hands to generators stay as their authors wrote them.
const { basename, join, resolve } = require("node:path");
const { withModelsForViews } = require("./older_schemas.cjs");

// A schema that must serve Prisma 5 as well has to name these preview features. Prisma 6 has them under another name,
// or without a name, and warns each time, about what users can do nothing about.
const OLD_FEATURES = "deno|driverAdapters|fullTextIndex|metrics|multiSchema|omitApi|prismaSchemaFolder|tracing";
const NEEDLESS = new RegExp(`"fullTextSearch" has been renamed|^Preview feature "(${OLD_FEATURES})" is deprecated`);

const READERS = ["get_config", "get_dmmf", "get_datamodel", "validate", "lint"];
const { Instance } = WebAssembly;

WebAssembly.Instance = function (module, imports) {
  const instance = new Instance(module, imports);
  const isReader = [...READERS, "merge_schemas", "format"].every((name) => name in instance.exports);
  return isReader ? { exports: changed(instance.exports) } : instance;
};

function changed(wasm) {
  const readers = READERS.map((name) => [
    name,
    (pointer, length) => wasm[name](...replaced(wasm, pointer, length, readable)),
  ]);
  const { get_config, lint, ...others } = Object.fromEntries(readers);
  return {
    ...wasm,
    ...others,
    get_config: (...given) => answered(wasm, get_config(...given), configAsWanted),
    lint: (...given) => answered(wasm, lint(...given), withoutNeedless),
    merge_schemas: merging(wasm),
  };
}

const withoutNeedless = (answer) => JSON.stringify(JSON.parse(answer).filter(({ text }) => !NEEDLESS.test(text)));

// Prisma checks the schema when it merges its files. The result is for generators: the text as it was written.
const merging = (wasm) => (pointer, length) => {
  const { schema } = JSON.parse(textAt(wasm, pointer, length));
  const merged = wasm.merge_schemas(...replaced(wasm, pointer, length, readable));
  const isRefused = merged[3];
  return isRefused ? merged : answered(wasm, merged, () => mergedFiles(wasm, schema));
};

function mergedFiles(wasm, files) {
  const pairs = typeof files === "string" ? [["schema.prisma", files]] : files;
  const options = JSON.stringify({ textDocument: { uri: "file:/dev/null" }, options: { tabSize: 2, insertSpaces: true } });
  const [pointer, length] = wasm.format(...written(wasm, JSON.stringify(pairs)), ...written(wasm, options));
  const formatted = JSON.parse(textAt(wasm, pointer, length));
  wasm.__wbindgen_free(pointer, length, 1);
  return formatted.map(([, text]) => text).join("\n");
}

// A request holds files as {prismaSchema}, {schema} or alone, each a text or [[path, text], ...].
function readable(request) {
  const given = JSON.parse(request);
  if (Array.isArray(given)) return JSON.stringify(read(given));
  const key = "schema" in given ? "schema" : "prismaSchema";
  return JSON.stringify({ ...given, [key]: read(given[key]) });
}

const read = (files) => (typeof files === "string" ? withModelsForViews([["", files]])[0][1] : withModelsForViews(files));

// Migrations are beside the folder of the schema for Prisma 5, and beside the datasource's file for Prisma 6.
function configAsWanted(answer) {
  const { PRISMA_WASM_DATASOURCE_FILE: file, PRISMA_WASM_SCHEMA_BASE: base } = process.env;
  const { config, ...others } = JSON.parse(answer);
  if (!config) return answer;
  for (const datasource of base ? config.datasources : [])
    if (resolve(datasource.sourceFilePath) === file) datasource.sourceFilePath = join(base, basename(file));
  const warnings = config.warnings.filter((text) => !NEEDLESS.test(text));
  return JSON.stringify({ config: { ...config, warnings }, ...others });
}

// Texts in the memory of the module, as its JavaScript writes and reads them: it frees what it is given.
function replaced(wasm, pointer, length, change) {
  const before = textAt(wasm, pointer, length);
  const after = change(before);
  if (after === before) return [pointer, length];
  wasm.__wbindgen_free(pointer, length, 1);
  return written(wasm, after);
}

function answered(wasm, [pointer, length, ...rest], change) {
  return [...replaced(wasm, pointer, length, change), ...rest];
}

const textAt = (wasm, pointer, length) => Buffer.from(wasm.memory.buffer, pointer, length).toString();

function written(wasm, text) {
  const bytes = Buffer.from(text);
  const pointer = wasm.__wbindgen_malloc(bytes.length, 1);
  Buffer.from(wasm.memory.buffer).set(bytes, pointer);
  return [pointer, bytes.length];
}
