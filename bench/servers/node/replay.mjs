// Replays requests from a file where there is no wrk:
// replay.mjs URL FILE SECONDS CONNECTIONS; a line is METHOD PATH TOKEN [BODY], - is no token.
import { readFileSync } from "node:fs";
import autocannon from "autocannon";

const [url, file, seconds, connections] = process.argv.slice(2);
const requests = readFileSync(file, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => {
    const [, method, path, token, body] = line.match(/^(\S+) (\S+) (\S+) ?(.*)$/);
    const headers = { "content-type": "application/json" };
    if (token !== "-") headers.authorization = `Bearer ${token}`;
    return { method, path, headers, ...(body && { body }) };
  });

const count = Number(connections);
let next = 0;
const { requests: answered, latency, duration, errors, timeouts, non2xx } = await autocannon({
  url,
  connections: count,
  duration: Number(seconds),
  // Each connection begins at another place of the list.
  setupClient(client) {
    const start = Math.floor((requests.length * next++) / count);
    client.setRequests([...requests.slice(start, start + 500), ...requests.slice(0, 1)]);
  },
});
const result = {
  requests: answered.total,
  seconds: duration,
  p50_ms: latency.p50,
  p99_ms: latency.p99,
  errors: errors + timeouts + non2xx,
};
console.log(`RESULT ${JSON.stringify(result)}`);
