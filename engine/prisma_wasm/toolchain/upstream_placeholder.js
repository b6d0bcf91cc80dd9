// Stands where Prisma Client Python looks for Prisma's CLI; prisma-wasm's `prisma` never runs it.
// Another project of the same user, with engine binaries and without prisma-wasm, may find it in
// the cache that both share: there it makes room for the real package, as if it had never been.
const { spawnSync } = require("node:child_process");
const { rmSync } = require("node:fs");
const { join } = require("node:path");

const PACKAGE = "prisma@latest";
const folder = join(__dirname, "..", "..", "..");
rmSync(join(folder, "node_modules", "prisma"), { recursive: true, force: true });
const npm = ["install", "--no-audit", "--no-fund", PACKAGE];
const installed = spawnSync("npm", npm, { cwd: folder, stdio: ["ignore", 2, 2] });
if (installed.status !== 0) process.exit(installed.status ?? 1);
const words = [__filename, ...process.argv.slice(2)];
process.exit(spawnSync(process.execPath, words, { stdio: "inherit" }).status ?? 1);
