// Schema files in the two forms that the command line and the engine use: {path, content} and [path, content].

export const asPairs = (files) => files.map(({ path, content }) => [path, content]);
