// The datasource block of schema files: which database they mean.
import { Known } from "./errors.mjs";
import { blocks } from "./schema_text.cjs";

/** {url, shadowUrl} of the schema files [[path, text], ...]; `override` is what a config file says instead. */
export function datasource(files, override = {}) {
  const block = files.map(([, text]) => blockOf(text)).find(Boolean);
  if (!block && !override.url) throw new Error("There is no datasource in the schema.");
  const read = (key) => override[key] ?? valueOf(block?.[key], key);
  const url = read("directUrl") ?? read("url");
  if (!url) throw new Error("There is no url in the schema's datasource.");
  const shadowUrl = read("shadowDatabaseUrl") || null;
  if (shadowUrl === url)
    throw new Error(
      "The shadow database you configured appears to be the same as the main database. Please specify another shadow database.",
    );
  return { url, shadowUrl };
}

const VALUE = /^\s*(\w+)\s*=\s*(?:(env)\s*\(\s*)?("(?:\\.|[^"\\])*")/;

// {url: {literal} | {env}, ...} of the first datasource block.
function blockOf(text) {
  const found = blocks(text).find(({ kind }) => kind === "datasource");
  const values = found?.lines.map((line) => VALUE.exec(line.text)).filter(Boolean);
  return values ? Object.fromEntries(values.map(([, key, env, value]) => [key, { [env ?? "literal"]: JSON.parse(value) }])) : null;
}

function valueOf(entry, key) {
  if (!entry) return undefined;
  if (entry.literal !== undefined) return entry.literal;
  const found = process.env[entry.env];
  // an unset variable of the shadow database means that there is none; Prisma's engine does so too
  if (found === undefined && key !== "shadowDatabaseUrl")
    throw new Known("P1012", `Environment variable not found: ${entry.env}.`);
  return found;
}
