// Schema files in the two forms that the command line and the engine use: {path, content} and [path, content].
import { keysOfViews, withKeysOfViews, withPlainViews } from "./older_schemas.cjs";

export const asPairs = (files) => files.map(({ path, content }) => [path, content]);

const asFiles = (pairs) => pairs.map(([path, content]) => ({ path, content }));

/** `params` of a call with the schemas in them as the engine reads them. */
export function withPlainFiles(params) {
  const sides = ["schema", "from", "to"].filter((side) => params?.[side]?.files);
  const plain = (side) => ({ ...params[side], files: asFiles(withPlainViews(asPairs(params[side].files))) });
  return sides.length ? { ...params, ...Object.fromEntries(sides.map((side) => [side, plain(side)])) } : params;
}

// Prisma 6 has another name for a preview feature of Prisma 5 and writes it into the schema that it pulls.
const OLD_NAME = '"fullTextSearch"';
const NEW_NAME = '"fullTextSearchPostgres"';

/** The result of an introspection with the preview feature named as in the schema that was given. */
export function withFeatureNamesOf(given, result) {
  const holds = (name) => given.files.some((file) => file.content.includes(name));
  if (!holds(OLD_NAME) || holds(NEW_NAME)) return result;
  const renamed = (file) => ({ ...file, content: file.content.replaceAll(NEW_NAME, OLD_NAME) });
  return { ...result, schema: { ...result.schema, files: result.schema.files.map(renamed) } };
}

/** The result of an introspection whose views have the keys and indexes that they had in the schema that was given. */
export function withViewsOf(given, result) {
  const keys = keysOfViews(asPairs(given.files));
  const files = asFiles(withKeysOfViews(asPairs(result.schema.files), keys));
  return { ...result, schema: { ...result.schema, files } };
}
