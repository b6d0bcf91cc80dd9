// The query engine of Prisma 5.17.0 as a process: the WASM of @prisma/client over @prisma/adapter-pg.
// Each line of standard input is a JSON request {id, op, ...}; its answer is a line {id, ok | error}.
// An answer is the engine's own, untouched; the caller reads errors out of it as a client would.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

// The packages lie beside the lock file's copy in the cache, not beside this program.
const require = createRequire(pathToFileURL(`${process.argv[2]}/package.json`))
const { PrismaPg } = require('@prisma/adapter-pg')
const { bindAdapter } = require('@prisma/driver-adapter-utils')
const pg = require('pg')

const POOL = { max: 8, connectionTimeoutMillis: 5000 }
const TEXT = 25
const TEXT_LIST = 1009
const TIMESTAMP_LIST = 1115
const TIMESTAMPTZ_LIST = 1185
const FIRST_OWN_TYPE = 16384
// Types that the adapter of 5.17 refuses and the native engine reads: "char", name, name[], regclass, void.
const READ_AS = { 18: TEXT, 19: TEXT, 1002: TEXT_LIST, 1003: TEXT_LIST, 2205: TEXT, 2278: TEXT }

// The native engine declared the types of raw parameters, which the adapter does not: these are the raw
// statements of the request that runs, each {sql, types}, until they are parsed.
let statements = []
const { parse } = pg.Connection.prototype
pg.Connection.prototype.parse = function (query) {
  const at = statements.findIndex(({ sql }) => sql === query.text)
  const [found] = at < 0 ? [] : statements.splice(at, 1)
  return parse.call(this, found ? { ...query, types: found.types } : query)
}

async function loadEngine() {
  const path = require.resolve('@prisma/client/runtime/query_engine_bg.postgresql.js')
  const glue = require(path)
  const imports = { './query_engine_bg.js': glue, './query_engine_bg.postgresql.js': glue }
  const { instance } = await WebAssembly.instantiate(readFileSync(path.replace(/js$/, 'wasm')), imports)
  glue.__wbg_set_wasm(instance.exports)
  instance.exports.__wbindgen_start?.()
  return glue.QueryEngine
}

function readingAllTypes(adapter) {
  let owner = adapter
  while (!Object.hasOwn(owner, 'performIO')) owner = Object.getPrototypeOf(owner)
  const { performIO } = owner
  owner.performIO = async function (query) {
    const result = await performIO.call(this, query)
    if (result.ok) result.value.fields?.forEach((field, at) => readColumn(field, at, result.value.rows))
    return result
  }
  return adapter
}

function readColumn(field, at, rows) {
  field.dataTypeID = READ_AS[field.dataTypeID] ?? field.dataTypeID
  const convert = (one) => rows.forEach((row) => row[at] !== null && (row[at] = one(row[at])))
  if (field.dataTypeID === TIMESTAMPTZ_LIST) {
    field.dataTypeID = TIMESTAMP_LIST
    convert((dates) => dates.map((date) => date.toISOString().replace('T', ' ').replace('Z', '')))
  }
  // A list of an enum's values arrives as PostgreSQL's text of it.
  const values = rows.map((row) => row[at]).filter((value) => value !== null)
  if (field.dataTypeID >= FIRST_OWN_TYPE && values.length && values.every((text) => /^\{.*\}$/.test(text))) {
    field.dataTypeID = TEXT_LIST
    convert((text) => text.slice(1, -1).split(',').filter(Boolean))
  }
}

const QueryEngine = await loadEngine()
let engine, bound

async function connect({ url, schema, logQueries }) {
  const pool = new pg.Pool({ connectionString: url, ...POOL })
  pool.on('error', () => {})
  bound = bindAdapter(readingAllTypes(new PrismaPg(pool)))
  const options = {
    datamodel: schema,
    logLevel: logQueries ? 'info' : 'error',
    logQueries: Boolean(logQueries),
    engineProtocol: 'json',
    configDir: '.',
    env: { ...process.env, DATABASE_URL: url },
    overrideDatasources: {},
    datasourceOverrides: {},
    ignoreEnvVarErrors: true,
  }
  const log = (line) => logQueries && process.stderr.write(line + '\n')
  engine = new QueryEngine(options, log, bound)
  await engine.connect('{}')
}

// The engine's text goes on as it is, since JSON.parse would lose 5.0 and integers beyond 2^53; but an
// error of the driver's own is a number there, of the adapter's registry.
function explain(text) {
  return (text || '{}').replace(/external connector \(id (\d+)\)/g, (_, id) =>
    JSON.stringify(String(bound.errorRegistry.consumeError(Number(id))?.error)).slice(1, -1))
}

const operations = {
  connect,
  query: async ({ query, statements: raw, tx }) => {
    statements = raw ?? []
    return explain(await engine.query(query, '{}', tx ?? undefined))
  },
  start: async ({ maxWait, timeout }) =>
    explain(await engine.startTransaction(JSON.stringify({ max_wait: maxWait, timeout }), '{}')),
  commit: async ({ tx }) => explain(await engine.commitTransaction(tx, '{}')),
  rollback: async ({ tx }) => explain(await engine.rollbackTransaction(tx, '{}')),
}

async function answer({ id, op, ...given }) {
  try {
    return `{"id":${id},"ok":${(await operations[op](given)) ?? null}}`
  } catch (error) {
    return JSON.stringify({ id, error: error.stack ?? String(error) })
  }
}

createInterface({ input: process.stdin })
  .on('line', async (line) => process.stdout.write((await answer(JSON.parse(line))) + '\n'))
  .on('close', () => process.exit(0))
