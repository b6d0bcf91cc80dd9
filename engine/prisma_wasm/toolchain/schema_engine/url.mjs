// A PostgreSQL connection URL with Prisma's parameters, taken apart.
import { badUrl } from "./errors.mjs";

/** {host, port, user, password, database, schema, param} of a URL; throws P1013. */
export function target(text) {
  const url = parsed(text);
  const param = Object.fromEntries(url.searchParams);
  const hostname = url.hostname.replace(/^\[|\]$/g, "");
  const at = {
    host: param.host || decoded(hostname) || "localhost",
    port: Number(url.port || param.port || 5432),
    user: decoded(url.username) || param.user || "postgres",
    password: decoded(url.password) || param.password || "",
    database: decoded(url.pathname.slice(1)) || param.dbname || "postgres",
    schema: param.schema || "public",
    param,
  };
  if (at.host.includes(",")) throw severalHosts();
  return at;
}

const MAX_PORT = 65535;
const severalHosts = () => badUrl("several hosts (only one is supported)");

function parsed(text) {
  if (/^prisma(\+\w+)?:/.test(text))
    throw badUrl(
      "prisma:// and prisma+postgres:// lead to Prisma's own services, which need the engine that is not here; use the database's postgresql:// URL. The scheme is not supported",
    );
  if (!/^postgres(ql)?:/.test(text)) throw badUrl("The scheme is not recognized");
  try {
    return new URL(text);
  } catch {
    throw refused(text);
  }
}

function refused(text) {
  const authority = text.replace(/^\w+:\/\//, "").split(/[/?#]/)[0];
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  if (host.includes(",")) return severalHosts();
  const port = /:([^:\]]*)$/.exec(host)?.[1];
  const portIsWrong = port && (/\D/.test(port) || Number(port) > MAX_PORT);
  return badUrl(portIsWrong || authority.includes("::::") ? "invalid port number" : "invalid URL");
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a single "%" stands for itself, as in Prisma's engine
  }
}
