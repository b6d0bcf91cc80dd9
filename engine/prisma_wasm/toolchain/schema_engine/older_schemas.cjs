// Schemas that Prisma 5 accepted and Prisma 6 refuses, as Prisma 6 wants to read them. Only what Prisma reads is
// changed, never a file, and every declaration stays on its line.
//  - A view may have ids, indexes and names of constraints. To Prisma 5 such a view was a model, except to migrations.
//  - The default of a Bytes field may lack the padding of its base64.
const { blocks, edited } = require("./schema_text.cjs");

const FIELD = /^\s*(\w+)\s+\w+\s*(\[\]|\?)?/;
const KEY = /(?<!@)@\s*(?:id|unique)\b/;
const ATTRIBUTE = /(?<!@)@\s*(id|unique)\b\s*(\((?:[^()]|\([^()]*\))*\))?/g;
const BLOCK_KEY = /^\s*@@\s*(id|unique)\b/;
const INDEX = /^\s*@@\s*(?:index|fulltext)\b/;
const KEY_NAME = /\bname\s*:\s*"[^"]*"/;
const BYTES_DEFAULT = /^(\s*\w+\s+Bytes\b.*?@\s*default\s*\(\s*)(\[[^\]]*\]|"[^"]*")/;
const BASE64 = /"([A-Za-z0-9+/]+)"/g;

/** Files [[path, text], ...] for all but migrations: views with a key are models. */
const withModelsForViews = (files) => rewritten(files, (view) => (isIdentified(view) ? modelFor(view) : plain(view)));

const modelled = new Set(); // names of the views that `withModelsForViews` made models of

/** What Prisma says of a schema, with views called views. */
const withViewsNamed = (text) =>
  text.replace(/\bmodel (")?(\w+)(?=\1)/g, (said, quote = "", name) => (modelled.has(name) ? `view ${quote}${name}` : said));

/** Files [[path, text], ...] for migrations, which must not make tables of views: their ids are unique keys. */
const withPlainViews = (files) => rewritten(files, plain);

function rewritten(files, view) {
  const parsed = files.map(([path, text]) => [path, text, blocks(text)]);
  const hasViews = parsed.some(([, , found]) => found.some(({ kind, lines }) => kind === "generator" && lines.some(wantsViews)));
  const edits = (block) => (block.kind === "view" ? (hasViews ? view(block) : []) : block.kind === "model" ? padded(block) : []);
  return parsed.map(([path, text, found]) => [path, edited(text, found.flatMap(edits))]);
}

const wantsViews = ({ text, mask }) => /^\s*previewFeatures\s*=/.test(mask) && /"views"/.test(text);

function modelFor({ name, header }) {
  modelled.add(name);
  return [{ ...header, to: "model" }];
}

// Whether Prisma 5 took the view: it has a key none of whose fields is optional.
function isIdentified({ lines }) {
  const optional = optionalFields(lines);
  return lines.some(({ mask }) => {
    if (BLOCK_KEY.test(mask)) return fieldsOf(mask).every((name) => !optional.has(name));
    return KEY.test(mask) && !optional.has(FIELD.exec(mask)?.[1]);
  });
}

const optionalFields = (lines) => new Set(lines.map(({ mask }) => FIELD.exec(mask)).filter((field) => field?.[2]).map((field) => field[1]));

const fieldsOf = (key) => (/\[([^\]]*)\]/.exec(key)?.[1] ?? "").replace(/\([^)]*\)/g, "").split(",").map((name) => name.trim());

// Ids of optional fields stay as they are: Prisma refuses them, as ever.
function plain({ lines }) {
  const optional = optionalFields(lines);
  return lines.flatMap((line) => {
    const key = BLOCK_KEY.exec(line.mask);
    if (INDEX.test(line.mask)) return [{ ...line, to: "" }];
    if (key) return key[1] === "id" && fieldsOf(line.mask).some((name) => optional.has(name)) ? [] : [{ ...line, to: plainKey(line) }];
    return FIELD.test(line.mask) ? plainField(line) : [];
  });
}

// Only its fields, and the name that queries use.
function plainKey({ text, mask }) {
  const name = KEY_NAME.exec(mask);
  const said = name ? `, ${text.slice(name.index, name.index + name[0].length)}` : "";
  return `  @@unique([${fieldsOf(mask).join(", ")}]${said})`;
}

function plainField({ start, text, mask }) {
  const found = [...mask.matchAll(ATTRIBUTE)];
  if (FIELD.exec(mask)[2] && found.some(([, name]) => name === "id")) return [];
  return found.map(({ 0: whole, index }, i) => ({
    start: start + index,
    text: text.slice(index, index + whole.length),
    to: i === 0 ? "@unique" : "",
  }));
}

function padded({ lines }) {
  return lines
    .map((line) => ({ ...line, to: line.text.replace(BYTES_DEFAULT, (_, before, values) => before + values.replace(BASE64, pad)) }))
    .filter(({ text, to }) => text !== to);
}

/** What views say of their keys and indexes: {view: {fields: {name: attributes}, block: [line, ...]}}. */
function keysOfViews(files) {
  const views = files.flatMap(([, text]) => blocks(text)).filter(({ kind }) => kind === "view");
  return Object.fromEntries(
    views.map(({ name, lines }) => {
      const fields = lines.filter(({ mask }) => FIELD.test(mask)).map((line) => [FIELD.exec(line.mask)[1], attributesOf(line)]);
      const block = lines.filter(({ mask }) => BLOCK_KEY.test(mask) || INDEX.test(mask)).map(({ text }) => text);
      return [name, { fields: Object.fromEntries(fields), block }];
    }),
  );
}

const attributesOf = ({ text, mask }) => [...mask.matchAll(ATTRIBUTE)].map(({ 0: whole, index }) => text.slice(index, index + whole.length));

/** Files whose views say of keys and indexes what `keysOfViews` found, as far as their fields are still there. */
function withKeysOfViews(files, keys) {
  const restored = ({ kind, name, lines }) => (kind === "view" && keys[name] ? restoredView(lines, keys[name]) : []);
  return files.map(([path, text]) => [path, edited(text, blocks(text).flatMap(restored))]);
}

function restoredView(lines, { fields, block }) {
  const inFields = lines.flatMap((line) => {
    const [attribute, ...more] = [...line.mask.matchAll(ATTRIBUTE)];
    const before = FIELD.test(line.mask) && fields[FIELD.exec(line.mask)[1]];
    if (!attribute || more.length || !before?.length) return [];
    const { 0: whole, index } = attribute;
    return [{ start: line.start + index, text: line.text.slice(index, index + whole.length), to: before.join(" ") }];
  });
  const names = new Set(lines.filter(({ mask }) => FIELD.test(mask)).map(({ mask }) => FIELD.exec(mask)[1]));
  const left = block.filter((line) => fieldsOf(line).every((name) => names.has(name)));
  return [...inFields, ...restoredBlockKeys(lines, left)];
}

// The keys that are there make room for those that were; a view without any gets them after its last line.
function restoredBlockKeys(lines, left) {
  if (!left.length) return [];
  const there = lines.filter(({ mask }) => BLOCK_KEY.test(mask));
  const text = left.join("\n");
  if (there.length) return there.map((line, i) => ({ ...line, to: i === 0 ? text : "" }));
  const last = lines.at(-1);
  return [{ ...last, to: `${last.text}\n\n${text}` }];
}

const pad = (_, value) => `"${value.padEnd(Math.ceil(value.length / 4) * 4, "=")}"`;

module.exports = { keysOfViews, withKeysOfViews, withModelsForViews, withPlainViews, withViewsNamed };
