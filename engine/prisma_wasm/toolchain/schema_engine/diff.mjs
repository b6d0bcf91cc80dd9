// `migrate diff`: the WASM engine knows no URLs, so live databases are handed to it as the datasource of a schema.
import { datasource } from "./datasource.mjs";
import { asPairs } from "./schema_files.mjs";

/** What to ask of which session: {urls, shadowUrl, params}; `override` is what a config file says of the datasource. */
export function diffRequest(params, override) {
  const urls = [];
  const side = (of) => {
    if (of.tag === "migrations" && !params.shadowDatabaseUrl && /provider\s*=/.test(of.lockfile.content ?? ""))
      throw new Error("You must pass the --shadow-database-url if you want to diff a migrations directory.");
    if (of.tag !== "url" && of.tag !== "schemaDatasource") return of;
    urls.push(of.tag === "url" ? of.url : datasource(asPairs(of.files), override).url);
    return { tag: "schemaDatasource", files: of.files ?? ANY_SCHEMA, configDir: of.configDir ?? "" };
  };
  const [from, to] = [side(params.from), side(params.to)];
  return { urls, shadowUrl: params.shadowDatabaseUrl, params: { ...params, from, to } };
}

// An empty list of files makes the engine panic.
const ANY_SCHEMA = [
  { path: "schema.prisma", content: 'datasource db {\n  provider = "postgresql"\n  url = "postgresql://"\n}\n' },
];
