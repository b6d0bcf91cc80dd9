// The engine's log: JSON lines on stderr, of which the CLI reads the ERROR.

export function log(level, fields, target = "schema_engine") {
  process.stderr.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, fields, target })}\n`);
}
