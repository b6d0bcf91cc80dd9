// P3018, a migration whose script the database refuses: the words, the marked line and the debug form of Prisma's engine.
import { databaseWords, Known } from "./errors.mjs";

/** The error for the migration `name`, whose `script` met `error`. */
export function migrationFailed(name, script, error) {
  const code = error.code ?? "none";
  const text = error.severity
    ? `${databaseWords(error)}${markedLine(script, Number(error.position))}\n\n${debugForm(error)}`
    : String(error.message ?? error);
  return new Known(
    "P3018",
    `A migration failed to apply. New migrations cannot be applied before the error is recovered from. Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve\n\nMigration name: ${name}\n\nDatabase error code: ${code}\n\nDatabase error:\n${text}\n`,
    { migration_name: name, database_error_code: code, database_error: text },
  );
}

const CONTEXT = 5; // lines shown before the marked one
const bold = (text) => `\x1b[1m${text}\x1b[0m`;
const boldRed = (text) => `\x1b[1;31m${text}\x1b[0m`;

// PostgreSQL counts characters from 1, JavaScript UTF-16 units: the script is walked by characters.
function markedLine(script, position) {
  if (!position) return "";
  const lines = script.split("\n");
  let end = 0;
  const at = lines.findIndex((line) => position <= (end += [...line].length + 1));
  if (at < 0) return "";
  const first = Math.max(0, at - CONTEXT);
  const number = (n) => String(n).padStart(3);
  const before = lines.slice(first, at).map((line, i) => bold(number(first + i + 1)) + (line && ` ${line}`));
  if (at < CONTEXT) before.unshift(bold(number(0))); // Prisma's engine prints this empty line 0
  return `\n\nPosition:\n${before.join("\n")}\n\x1b[1m${number(at + 1)}${boldRed(` ${lines[at]}`)}`;
}

function debugForm(error) {
  const some = (value) => (value === undefined ? "None" : `Some(${JSON.stringify(value)})`);
  const severity = error.severity[0] + error.severity.slice(1).toLowerCase();
  const fields = {
    severity: JSON.stringify(error.severity),
    parsed_severity: `Some(${severity})`,
    code: `SqlState(E${error.code})`,
    message: JSON.stringify(error.message),
    detail: some(error.detail),
    hint: some(error.hint),
    position: error.position ? `Some(Original(${error.position}))` : "None",
    where_: some(error.where),
    schema: some(error.schema),
    table: some(error.table),
    column: some(error.column),
    datatype: some(error.dataType),
    constraint: some(error.constraint),
    file: some(error.file),
    line: error.line ? `Some(${error.line})` : "None",
    routine: some(error.routine),
  };
  const body = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return `DbError { ${body.join(", ")} }`;
}
