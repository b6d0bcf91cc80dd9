// A schema engine or generator that dies before it was asked to end (killed, out of memory, its program missing) fails
// the command. Prisma's CLI waits for answers that never come; with nothing left to wait for, Node would end with 0.
// So does a generator that answers with an error: commands that generate beside their own work (`migrate dev`,
// `migrate reset`, `db push`) only print it.
const children = require("node:child_process");

const FAILURE = 1; // the engine's exit code for what it has told already: the CLI repeats that
const spawn = children.spawn;
let lost = null;
let hasFailed = false;

children.spawn = (file, ...rest) => {
  const child = spawn(file, ...rest);
  const words = Array.isArray(rest[0]) ? rest[0] : [];
  // An engine that answers a single question ends by itself.
  const isEngine = file === process.env.PRISMA_SCHEMA_ENGINE_BINARY && !["cli", "--version"].includes(words[0]);
  const isGenerator = rest.some((options) => options?.env?.PRISMA_GENERATOR_INVOCATION);
  if (!isEngine && !isGenerator) return child;
  if (isGenerator) noteFailure(child);
  child.once("exit", (code, signal) => {
    const wasAsked = child.killed || child.stdin.writableEnded;
    if (wasAsked || process.exitCode || (isEngine && code === FAILURE)) return;
    const name = isEngine ? "The schema engine" : `The generator \`${file}\``;
    lost = `Error: ${name} ended before it had answered (${signal ?? `exit code ${code}`}).`;
    // Of its engine's death the CLI would offer to send a report.
    if (isEngine) fail();
  });
  return child;
};

// A generator that failed has been told of by then, and the process ended.
process.on("beforeExit", () => lost && !process.exitCode && fail());

process.on("exit", (code) => {
  if (hasFailed && code === 0) process.exitCode = 1;
});

// A generator's answers are lines of JSON on its stderr, among others.
function noteFailure(generator) {
  let begun = "";
  generator.stderr?.on("data", (chunk) => {
    const lines = (begun + chunk.toString("latin1")).split("\n"); // which no end of a chunk can break
    begun = lines.pop();
    hasFailed ||= lines.some(isError);
  });
}

function isError(line) {
  try {
    const answer = JSON.parse(line);
    return Boolean(answer?.jsonrpc && answer.error);
  } catch {
    return false;
  }
}

function fail() {
  console.error(lost);
  process.exit(1);
}
