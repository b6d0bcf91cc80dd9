// Schema files in the two forms that the command line and the engine use: {path, content} and [path, content].

export const asPairs = (files) => files.map(({ path, content }) => [path, content]);

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
