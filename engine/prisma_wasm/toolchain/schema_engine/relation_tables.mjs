// Tables of implicit many-to-many relations that Prisma 5 made. They have a unique index on their two columns where
// Prisma 6 makes a primary key, which it would report as drift and want to migrate. So the index is shown to the engine
// as that key. Only a script that has to drop the key needs the truth: `unveil` gives it.

const UNIQUE = "_AB_unique";
const KEY = "_AB_pkey";
const MAX_NAME = 63;

export class RelationTables {
  #pushing = false;
  #shown = new Map(); // name of the pretended key -> {namespace, table, index}
  #unveiled = new Set(); // names of keys that are no longer pretended
  #mapped = new Set(); // tables that are models: there the index is what the schema says

  /** A call of the engine begins; `texts` hold its schema files. */
  begin(method, texts) {
    this.#pushing = method === "schemaPush";
    this.#mapped = new Set(texts.flatMap((text) => [...text.matchAll(/@@map\((?:name:\s*)?"(_[^"]+)"/g)].map((m) => m[1])));
  }

  /** The result of a catalogue query, with indexes shown as keys if it is the one that lists them. */
  shown(result) {
    const at = Object.fromEntries(result.columnNames.map((name, i) => [name, i]));
    if (at.is_primary_key === undefined || at.index_name === undefined) return result;
    for (const rows of grouped(result.rows, (row) => `${row[at.namespace]}.${row[at.table_name]}`)) this.#showKey(rows, at);
    return result;
  }

  #showKey(rows, at) {
    const table = rows[0][at.table_name];
    const hasKey = rows.some((row) => row[at.is_primary_key]);
    if (!table.startsWith("_") || this.#mapped.has(table) || hasKey) return;
    const index = rows.filter((row) => row[at.is_unique] && row[at.index_name].endsWith(UNIQUE));
    if (index.map((row) => row[at.column_name]).join() !== "A,B") return;
    const name = index[0][at.index_name];
    const key = [...table].slice(0, MAX_NAME - KEY.length).join("") + KEY; // as the engine shortens it
    if (this.#unveiled.has(key)) return;
    this.#shown.set(key, { namespace: rows[0][at.namespace], table, index: name });
    for (const row of index) {
      row[at.index_name] = key;
      row[at.is_primary_key] = true;
      row[at.condeferrable] = row[at.condeferred] = false;
    }
  }

  /** Whether the script drops keys that are none; they are shown as what they are from now on. */
  unveil(script) {
    const touched = this.#touchedBy(script);
    for (const key of touched) this.#unveiled.add(key);
    return touched.length > 0;
  }

  /** A script that `db push` is about to run; the keys that it drops are made first. */
  withKeys(script) {
    if (!this.#pushing) return script;
    const made = this.#touchedBy(script).map((key) => {
      const { namespace, table, index } = this.#shown.get(key);
      this.#shown.delete(key);
      return `DROP INDEX "${namespace}"."${index}"; ALTER TABLE "${namespace}"."${table}" ADD CONSTRAINT "${key}" PRIMARY KEY ("A", "B");\n`;
    });
    return made.join("") + script;
  }

  #touchedBy(script) {
    return [...this.#shown.keys()].filter((key) => script.includes(`DROP CONSTRAINT "${key}"`));
  }
}

function grouped(rows, keyOf) {
  const groups = new Map();
  for (const row of rows) {
    const key = keyOf(row);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(row);
  }
  return groups.values();
}
