// What a URL says of TLS. The same as prisma_wasm/tls.py, which says why; tests/tls_parameters.py holds both to one table.
import { readFileSync } from "node:fs";
import tls from "node:tls";
import { badUrl, tlsError } from "./errors.mjs";

const MODES = ["allow", "disable", "prefer", "require", "verify-ca", "verify-full"];
const SYSTEM = "system";

/** The values of pg's `ssl` to try in turn, for what url.mjs made of a URL; throws P1013 and P1011. */
export function tlsAttempts({ host, param }) {
  const { sslrootcert: authority, sslkey, sslcert } = param;
  const mode = param.sslmode || (authority === SYSTEM ? "verify-full" : "prefer");
  if (!MODES.includes(mode)) throw badUrl(`\`sslmode\` must be one of ${MODES.join(", ")}, not \`${mode}\`,`);
  if (authority === SYSTEM && mode !== "verify-full")
    throw badUrl(`\`sslrootcert=system\` needs \`sslmode=verify-full\`, not \`${mode}\`,`);
  if (sslkey && !sslcert) throw badUrl("`sslkey` needs `sslcert`, the certificate that it belongs to,");
  if (sslcert && authority && !sslkey)
    throw badUrl("`sslcert` next to `sslrootcert` is the client's own, and needs `sslkey`");
  if (sslkey && param.sslidentity)
    throw badUrl("`sslidentity` and `sslkey` are two certificates of the client's own");
  if (mode === "disable" || host.startsWith("/")) return [false];
  const strict = (param.sslaccept ?? "accept_invalid_certs") !== "accept_invalid_certs";
  const checksName = strict || mode === "verify-full";
  const verifies = checksName || mode === "verify-ca" || Boolean(authority);
  const ssl = {
    ...certificates(param, verifies),
    rejectUnauthorized: verifies,
    ...(checksName ? {} : { checkServerIdentity: () => undefined }),
  };
  if (verifies || mode === "require") return [ssl];
  return mode === "allow" ? [false, ssl] : [ssl, false];
}

function certificates({ sslrootcert, sslcert, sslkey, sslidentity, sslpassword }, verifies) {
  const authority = sslrootcert === SYSTEM ? undefined : sslrootcert || (sslkey ? undefined : sslcert);
  try {
    const read = {
      ca: authority ? readFileSync(authority) : verifies ? publicAuthorities() : undefined,
      cert: sslkey && readFileSync(sslcert),
      key: sslkey && readFileSync(sslkey),
      pfx: sslidentity && readFileSync(sslidentity),
      passphrase: sslpassword ?? "",
    };
    tls.createSecureContext(read); // throws here what would come out of pg otherwise, without a word of TLS
    return read;
  } catch (error) {
    throw tlsError(error);
  }
}

// Those of the machine too, where Node can tell them (from 22.15 on).
const publicAuthorities = () => [...tls.rootCertificates, ...(tls.getCACertificates?.("system") ?? [])];
