// Where the npm packages are: they stand in the tool chain's folder, not beside this file.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const VARIABLE = "PRISMA_WASM_NODE_MODULES";

function modulesFolder() {
  const folder = process.env[VARIABLE];
  if (!folder) throw new Error(`${VARIABLE} must name the node_modules folder of the prisma-wasm tool chain.`);
  return folder;
}

/** `require` as seen from the tool chain's node_modules. */
export const requirePackage = (name) => createRequire(join(modulesFolder(), "resolve.cjs"))(name);

const resolvePackage = (name) => createRequire(join(modulesFolder(), "resolve.cjs")).resolve(name);

/** `import` as seen from the tool chain's node_modules. */
export const importPackage = (name) => import(pathToFileURL(resolvePackage(name)).href);

/** The path of a file beside another one that a package opens to all. */
export const fileBeside = (name, file) => join(dirname(resolvePackage(name)), file);
