// Sends requests chosen at random from a file, on machines without wrk:
// replay.mjs URL FILE SECONDS CONNECTIONS SEED. Each line is METHOD PATH TOKEN [BODY]; TOKEN may be -.
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

// A linear congruential generator: the same seed gives the same numbers (nothing here is secret).
let state = Number(seed);
function randomBelow(limit) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

// Autocannon formats all requests of a connection in advance, so each connection gets a sample.
const REQUESTS_PER_CONNECTION = 500;
const times = []; // autocannon's own percentiles are in whole milliseconds
const load = autocannon({
  url,
  connections: Number(connections),
  duration: Number(seconds),
  timeout: 10,
  setupClient(client) {
    client.setRequests(Array.from({ length: REQUESTS_PER_CONNECTION }, () => requests[randomBelow(requests.length)]));
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
  errors: done.errors + done.non2xx, // errors include timeouts
};
console.log(`RESULT ${JSON.stringify(result)}`);
