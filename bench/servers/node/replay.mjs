// Replays requests from a file, at random, where there is no wrk:
// replay.mjs URL FILE SECONDS CONNECTIONS SEED; a line is METHOD PATH TOKEN [BODY], - is no token.
import { readFileSync } from "node:fs";
import autocannon from "autocannon";

const [url, file, seconds, connections, seed] = process.argv.slice(2);
const requests = readFileSync(file, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => {
    const [, method, path, token, body] = line.match(/^(\S+) (\S+) (\S+) ?(.*)$/);
    const headers = { "content-type": "application/json" };
    if (token !== "-") headers.authorization = `Bearer ${token}`;
    return { method, path, headers, ...(body && { body }) };
  });

// The same numbers for the same seed (a linear congruence; nothing here is secret).
let state = Number(seed);
function below(limit) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

// Autocannon formats a connection's requests beforehand, each once for each connection.
const EACH = 500;
const times = []; // its own percentiles are of whole milliseconds
const load = autocannon({
  url,
  connections: Number(connections),
  duration: Number(seconds),
  timeout: 10,
  setupClient(client) {
    client.setRequests(Array.from({ length: EACH }, () => requests[below(requests.length)]));
  },
});
load.on("response", (_client, _status, _bytes, milliseconds) => times.push(milliseconds));

const done = await load;
times.sort((a, b) => a - b);
const percentile = (share) => times[Math.floor(times.length * share)] ?? 0;
const result = {
  requests: done.requests.total,
  seconds: done.duration,
  p50_ms: percentile(0.5),
  p99_ms: percentile(0.99),
  errors: done.errors + done.non2xx, // those that took too long are among the errors
};
console.log(`RESULT ${JSON.stringify(result)}`);
