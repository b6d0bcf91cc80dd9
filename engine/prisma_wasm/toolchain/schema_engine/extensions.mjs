// Extensions of a schema. The WASM connector has no preview features: it never looks at the extensions of a database
// and would create those of the schema each time. So it is shown only those that are new.
import { blocks, edited } from "./schema_text.cjs";

/** `params` of a call with fewer extensions in the schema that it leads to; `client` is the database's. */
export async function withoutKnownExtensions(method, params, client) {
  const side = targetOf(method);
  if (!params?.[side]?.files?.some((file) => entries(file.content).length)) return params;
  const known = await knownExtensions(method, params, client);
  const files = params[side].files.map((file) => ({ ...file, content: withoutExtensions(file.content, known) }));
  return { ...params, [side]: { ...params[side], files } };
}

const targetOf = (method) => (method === "diff" ? "to" : "schema");

// What the migrations create where there are migrations, what the database has where it is pushed to or compared.
async function knownExtensions(method, params, client) {
  const from = method === "diff" ? params.from : params.migrationsList;
  if (from?.migrationDirectories) return created(from.migrationDirectories.map((d) => d.migrationFile.content.value ?? ""));
  if (method !== "schemaPush" && from?.tag !== "schemaDatasource") return [];
  const { rows } = await client.query("SELECT extname FROM pg_extension");
  return rows.map((row) => row.extname);
}

const QUOTED_OR_COMMENT = /'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g;
const STATEMENT = /\b(CREATE|DROP)\s+EXTENSION\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?((?:"[^"]+"|\w+)(?:\s*,\s*(?:"[^"]+"|\w+))*)/gi;
const NAME = /"([^"]+)"|(\w+)/g;

function created(scripts) {
  const known = new Set();
  for (const script of scripts)
    for (const [, verb, names] of script.replace(QUOTED_OR_COMMENT, " ").matchAll(STATEMENT))
      for (const [, exact, word] of names.matchAll(NAME)) {
        const name = exact ?? word.toLowerCase();
        if (/create/i.test(verb)) known.add(name);
        else known.delete(name);
      }
  return [...known];
}

function withoutExtensions(content, known) {
  const edits = entries(content).map(({ line, list }) => {
    const left = list.filter((entry) => !known.includes(nameOf(entry)));
    return { ...line, to: left.length ? `  extensions = [${left.join(", ")}]` : "" };
  });
  return edited(content, edits);
}

// The lines `extensions = [...]` of a text, with what they list.
function entries(content) {
  const lines = blocks(content).flatMap((block) => (block.kind === "datasource" ? block.lines : []));
  return lines
    .filter(({ mask }) => /^\s*extensions\s*=/.test(mask))
    .map((line) => {
      const start = line.mask.indexOf("=") + 1;
      const found = [...line.mask.slice(start).matchAll(/[\w-]+(\s*\([^)]*\))?/g)];
      return { line, list: found.map(({ 0: entry, index }) => line.text.slice(start + index, start + index + entry.length)) };
    });
}

// `uuid_ossp(map: "uuid-ossp", schema: "x")` is called uuid-ossp in the database.
const nameOf = (entry) => /\bmap\s*:\s*"([^"]+)"/.exec(entry)?.[1] ?? /^[\w-]+/.exec(entry)[0];
