// Extensions of a schema. The WASM connector has no preview features: it never looks at the extensions of a database
// and would create those of the schema each time. So it is shown only those that are new.

/** `params` of a call with fewer extensions in its schema; `client` is the database's. */
export async function withoutKnownExtensions(method, params, client) {
  const known = await knownExtensions(method, params, client);
  const files = params.schema.files.map((file) => ({ ...file, content: withoutExtensions(file.content, known) }));
  return { ...params, schema: { ...params.schema, files } };
}

export const namesExtensions = (params) => /\bextensions\s*=/.test(JSON.stringify(params?.schema ?? ""));

// What the migrations create where there are migrations, what the database has where it is pushed to.
async function knownExtensions(method, params, client) {
  if (params.migrationsList) {
    const scripts = params.migrationsList.migrationDirectories.map((d) => d.migrationFile.content.value ?? "").join("\n");
    return [...scripts.matchAll(/CREATE EXTENSION (?:IF NOT EXISTS )?"?([\w-]+)/gi)].map((match) => match[1]);
  }
  if (method !== "schemaPush") return [];
  const { rows } = await client.query("SELECT extname FROM pg_extension");
  return rows.map((row) => row.extname);
}

function withoutExtensions(content, known) {
  return content.replace(/^(\s*extensions\s*=\s*)\[([^\]]*)\]/m, (_, head, body) => {
    const entries = [...body.matchAll(/(\w+)(\s*\([^)]*\))?/g)].map((match) => match[0]);
    const left = entries.filter((entry) => !known.includes(nameOf(entry)));
    return left.length ? `${head}[${left.join(", ")}]` : "";
  });
}

// `uuid_ossp(map: "uuid-ossp", schema: "x")` is called uuid-ossp in the database.
const nameOf = (entry) => /map:\s*"([^"]+)"/.exec(entry)?.[1] ?? /^\w+/.exec(entry)[0];
