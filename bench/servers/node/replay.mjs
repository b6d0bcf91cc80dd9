// Sends the requests of a file in random order, on machines without wrk:
// replay.mjs URL FILE SECONDS CONNECTIONS SEED. Each line is METHOD PATH TOKEN [BODY]; TOKEN is - if the
// request has none, or another header as NAME:VALUE.
import { readFileSync } from "node:fs";
import autocannon from "autocannon";

const [url, file, seconds, connections, seed] = process.argv.slice(2);
const requests = readFileSync(file, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => {
    const [, method, path, token, body] = line.match(/^(\S+) (\S+) (\S+) ?(.*)$/);
    const headers = { "content-type": "application/json" };
    const [, name, value] = token.match(/^([^:]+):(.+)$/) ?? [];
    if (name) headers[name] = value;
    else if (token !== "-") headers.authorization = `Bearer ${token}`;
    return { method, path, headers, ...(body && { body }) };
  });

// A linear congruential generator: the same seed gives the same numbers (nothing here is secret).
let state = Number(seed);
function randomBelow(limit) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
}

for (let last = requests.length - 1; last > 0; last--) {
  const other = randomBelow(last + 1);
  [requests[last], requests[other]] = [requests[other], requests[last]];
}

// Autocannon formats all requests of a connection in advance, so each connection gets a part of them.
const part = Math.ceil(requests.length / Number(connections));
let next = 0;
const times = []; // autocannon's own percentiles are in whole milliseconds
const load = autocannon({
  url,
  connections: Number(connections),
  duration: Number(seconds),
  timeout: 10,
  setupClient(client) {
    client.setRequests(Array.from({ length: part }, () => requests[next++ % requests.length]));
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
