// Values between PostgreSQL's text form and the WASM engine: column types by OID, times in UTC.
import { requirePackage } from "./packages.mjs";

// Numbers of the engine's ColumnType.
const INT32 = 0;
const INT64 = 1;
const FLOAT = 2;
const DOUBLE = 3;
const NUMERIC = 4;
const BOOLEAN = 5;
const CHARACTER = 6;
const TEXT = 7;
const DATE = 8;
const TIME = 9;
const DATETIME = 10;
const JSON_TYPE = 11;
const UUID = 15;
const INT32_ARRAY = 64;
const INT64_ARRAY = 65;
const BOOLEAN_ARRAY = 69;
const TEXT_ARRAY = 71;

const TEXT_ARRAY_OID = 1009;
const asText = (value) => value;
const asBoolean = (value) => value === "t";
const listOf = (read) => (value) =>
  requirePackage("pg")
    .types.getTypeParser(TEXT_ARRAY_OID)(value)
    .map((item) => (item === null ? null : read(item)));

const TEXT_COLUMN = [TEXT, asText];
const TEXT_ARRAY_COLUMN = [TEXT_ARRAY, listOf(asText)];
const INT_ARRAY_COLUMN = [INT32_ARRAY, listOf(Number)];
const BIG_ARRAY_COLUMN = [INT64_ARRAY, listOf(asText)];
const DATETIME_COLUMN = [DATETIME, instant];

// The one "char" that the engine reads as a character: c, x or, from PostgreSQL 18 on, n (NOT NULL).
const CONSTRAINT_TYPE = "constraint_type";
const CHARACTER_COLUMN = [CHARACTER, asText];

// All other types are text, also other "char" (18), name and int2vector: the catalogue queries want them so.
const COLUMNS = new Map([
  [16, [BOOLEAN, asBoolean]],
  [20, [INT64, asText]],
  [21, [INT32, Number]],
  [23, [INT32, Number]],
  [26, [INT64, asText]], // oid
  [114, [JSON_TYPE, asText]],
  [700, [FLOAT, Number]],
  [701, [DOUBLE, Number]],
  [1000, [BOOLEAN_ARRAY, listOf(asBoolean)]],
  [1002, TEXT_ARRAY_COLUMN], // "char"[]
  [1003, TEXT_ARRAY_COLUMN], // name[]
  [1005, INT_ARRAY_COLUMN],
  [1007, INT_ARRAY_COLUMN],
  [1009, TEXT_ARRAY_COLUMN],
  [1014, TEXT_ARRAY_COLUMN],
  [1015, TEXT_ARRAY_COLUMN],
  [1016, BIG_ARRAY_COLUMN],
  [1028, BIG_ARRAY_COLUMN], // oid[]
  [1082, [DATE, asText]],
  [1083, [TIME, asText]],
  [1114, DATETIME_COLUMN],
  [1184, DATETIME_COLUMN],
  [1700, [NUMERIC, asText]],
  [2950, [UUID, asText]],
  [3802, [JSON_TYPE, asText]],
]);

/** The engine's result set for pg's fields and rows of texts. */
export function resultSet(fields, rows) {
  const columns = fields.map(({ name, dataTypeID }) =>
    name === CONSTRAINT_TYPE ? CHARACTER_COLUMN : (COLUMNS.get(dataTypeID) ?? TEXT_COLUMN),
  );
  return {
    columnNames: fields.map((field) => field.name),
    columnTypes: columns.map(([type]) => type),
    rows: rows.map((row) => row.map((value, i) => (value === null ? null : columns[i][1](value)))),
  };
}

/** An argument as pg sends it: the engine's times bear no zone and mean UTC. */
export function argument(value, type) {
  if (Array.isArray(value)) return value.map((item) => argument(item, { ...type, arity: "scalar" }));
  const zoneless = type?.scalarType === "datetime" && typeof value === "string" && !/(Z|UTC|[+-]\d\d(:\d\d)?)$/.test(value);
  return zoneless ? `${value}+00` : value;
}

// "2026-01-02 03:04:05.678901+02" in UTC, with its microseconds.
function instant(value) {
  const [, day, time, fraction = "", zone = ""] = /^(\d{4}-\S+) (\d+:\d+:\d+)(\.\d+)?([+-][\d:]+)?$/.exec(value) ?? [];
  if (!day) return value; // infinity, years BC: nothing that a bookkeeping table holds
  const offset = zone.length === 3 ? `${zone}:00` : zone.slice(0, 6) || "+00:00";
  return `${new Date(`${day}T${time}${offset}`).toISOString().slice(0, 19)}${fraction}+00:00`;
}
