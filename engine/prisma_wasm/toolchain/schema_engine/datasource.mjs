// The datasource block of schema files: which database they mean.
import { Known } from "./errors.mjs";

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

const TOKENS = /"(?:\\.|[^"\\])*"|\/\/[^\n]*|\w+|[{}()=[\],]|\n/g;

// {url: {literal} | {env}, ...} of the first datasource block. Comments and strings are tokens of their own, so words
// in them are not mistaken for the block.
function blockOf(text) {
  const tokens = (text.match(TOKENS) ?? []).filter((token) => !token.startsWith("//"));
  const startsLine = (i) => i === 0 || tokens[i - 1] === "\n" || tokens[i - 1] === "}";
  const start = tokens.findIndex((t, i) => t === "datasource" && startsLine(i) && tokens[i + 2] === "{");
  if (start < 0) return null;
  const block = {};
  for (let i = start + 3; i < tokens.length && tokens[i] !== "}"; i++) {
    const [key, equals, value, open, name] = tokens.slice(i, i + 5);
    if (equals !== "=") continue;
    if (value?.startsWith('"')) block[key] = { literal: JSON.parse(value) };
    else if (value === "env" && open === "(") block[key] = { env: JSON.parse(name) };
    i += 2;
  }
  return block;
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
