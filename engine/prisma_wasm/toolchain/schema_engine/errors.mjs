// What users and programs read: errors with Prisma's codes and words, as its own schema engine says them.

/** An error that has a code of Prisma's. */
export class Known extends Error {
  constructor(code, message, meta = {}) {
    super(message);
    this.code = code;
    this.meta = meta;
  }

  /** The error as it is nested in another one. */
  get wire() {
    return { message: this.message, meta: this.meta, error_code: this.code };
  }
}

const URL_DOCS = "https://www.prisma.io/docs/reference/database-reference/connection-urls";

export const badUrl = (why) =>
  new Known(
    "P1013",
    `The provided database string is invalid. ${why} in database URL. Please refer to the documentation in ${URL_DOCS} for constructing a correct connection string. In some cases, certain characters must be escaped. Please check the string for any illegal characters.`,
  );

export const databaseExists = (name) =>
  new Known("P1009", `Database \`${name}\` already exists on the database server`, { database_name: name });

export const noDefaultDatabase = () =>
  new Known(
    "P3000",
    "Failed to create database: Prisma could not connect to a default database (`postgres` or `template1`), it cannot create the specified database.",
  );

export const lockTimeout = () =>
  new Known(
    "P1002",
    "The database server was reached but timed out.\n\nPlease try again.\n\nPlease make sure your database server is running at the configured address.\n\nContext: Timed out trying to acquire a postgres advisory lock (SELECT pg_advisory_lock(72707369)). Timeout: 10000ms. See https://pris.ly/d/migrate-advisory-locking for details.\n",
  );

export const noShadowDatabase = (inner) =>
  new Known(
    "P3014",
    `Prisma Migrate could not create the shadow database. Please make sure the database user has permission to create databases. Read more about the shadow database (and workarounds) at https://pris.ly/d/migrate-shadow\n\nOriginal error: ${inner instanceof Known ? `Error code: ${inner.code}\n` : ""}\n${inner.message}`,
    { inner_error: { is_panic: false, ...(inner instanceof Known ? inner.wire : { message: inner.message }) } },
  );

/** A database error as one text, the way Prisma displays it. */
export const databaseWords = (error) =>
  `${error.severity ?? "ERROR"}: ${error.message}${error.detail ? `\nDETAIL: ${error.detail}` : ""}${error.hint ? `\nHINT: ${error.hint}` : ""}`;

/** What the server said, as an error without a code of Prisma's; anything else as it is. */
export const serverError = (error) => (error.severity ? new Error(databaseWords(error)) : error);

const BY_SQLSTATE = {
  "28P01": (_, at) =>
    new Known(
      "P1000",
      `Authentication failed against database server, the provided database credentials for \`${at.user}\` are not valid.\n\nPlease make sure to provide valid database credentials for the database server at the configured address.`,
      { database_user: at.user },
    ),
  "3D000": (_, at) =>
    new Known("P1003", `Database \`${at.database}\` does not exist`, { database_name: at.database }),
  28000: denied,
  42501: denied,
  53300: (error) => new Known("P2037", `Too many database connections opened: ${databaseWords(error)}`),
};

function denied(_, at) {
  return new Known("P1010", `User was denied access on the database \`${at.database}\``, {
    database_name: at.database,
  });
}

/** Prisma's error for what connecting to `at` (of url.mjs) threw. */
export function connectionError(error, at) {
  if (error instanceof Known) return error;
  if (error.severity) return BY_SQLSTATE[error.code]?.(error, at) ?? serverError(error);
  if (isTlsError(error)) return tlsError(error);
  const place = at.host.startsWith("/") ? at.host : `${at.host}:${at.port}`;
  return new Known(
    "P1001",
    `Can't reach database server at \`${place}\`\n\nPlease make sure your database server is running at \`${place}\`.`,
    { database_location: place },
  );
}

export const tlsError = (error) =>
  new Known("P1011", `Error opening a TLS connection: ${error.message}`, { message: error.message });

// Node has many codes for certificates, and pg's refusals have only words.
const isTlsError = (error) =>
  /SSL|TLS|certificate|self.signed/i.test(error.message) ||
  /^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|DEPTH_|SELF_|UNABLE_TO)/.test(error.code ?? "");
