// The engine as a server: JSON-RPC 2.0, a message a line, on stdin and stdout.
import { createInterface } from "node:readline";
import { Engine } from "./engine.mjs";
import { Known } from "./errors.mjs";
import { log } from "./log.mjs";
import { Panic, unmasked } from "./wasm.mjs";

const ERROR_CODE = 4466; // of every error, as Prisma's engine numbers them
const PANIC_EXIT = 101;
const ORPHAN_CHECK = 250; // ms
const LEAVING_LIMIT = 10_000; // ms for dropping shadow databases on a server that may be gone

export function serve(files, override) {
  const parent = process.ppid;
  let printed = 0;
  const engine = new Engine(files, override, (content) =>
    send({ id: ++printed, method: "print", params: { content } }),
  );
  let breakCall = null; // rejects the call being worked on, if there is one

  const fail = (id, error) =>
    send({
      id,
      error: { code: ERROR_CODE, message: "An error happened. Check the data field for details.", data: dataOf(error) },
    });

  const answer = async ({ id, method, params }) => {
    try {
      const result = await new Promise((resolve, reject) => {
        breakCall = reject;
        engine.call(method, params).then(resolve, reject);
      });
      send({ id, result: result ?? null });
    } catch (error) {
      fail(id, error);
    }
    breakCall = null;
  };

  let leaving;
  const leave = () => {
    setTimeout(() => process.exit(1), LEAVING_LIMIT).unref();
    leaving ??= engine.close().then(() => process.exit(0));
  };

  // A panic inside of the WASM code surfaces here, and the call that caused it never ends.
  const broken = (error) => {
    if (leaving) return; // calls that were cut off
    log("ERROR", { is_panic: true, message: error.message, backtrace: error.stack ?? "" });
    if (breakCall === null) process.exit(PANIC_EXIT);
    breakCall(unmasked(error));
  };

  let work = Promise.resolve(); // one call after the other: the engine cannot be entered twice
  const lines = createInterface({ input: process.stdin, crlfDelay: Infinity });
  lines.on("line", (line) => {
    const message = line.trim() && JSON.parse(line);
    if (message?.method) work = work.then(() => answer(message)); // else it is the answer to a "print"
  });
  lines.on("close", () => {
    work.then(leave); // whoever asked may still read the answer
    setInterval(() => process.ppid === parent || leave(), ORPHAN_CHECK);
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, leave); // the CLI always ends us by SIGTERM
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {}); // the CLI may be gone
  process.on("uncaughtException", broken);
  process.on("unhandledRejection", broken);
}

function send(message) {
  const plain = (_, value) => (value instanceof Map ? Object.fromEntries(value) : value);
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message }, plain)}\n`);
}

// A panic is told as an ordinary error. If we ended with 101 as Prisma's engine does, the CLI would offer to send a
// report, and without a terminal end silently with 0.
function dataOf(error) {
  if (error instanceof Known) return { is_panic: false, ...error.wire };
  const message = error instanceof Panic ? `Error in Schema engine.\nReason: ${error.message}\n` : error.message;
  return { is_panic: false, message: message ?? String(error), backtrace: null };
}
