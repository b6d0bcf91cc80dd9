"""What a URL says of TLS: whether to use it, whom to trust, and which certificate to show.

As for Prisma, `sslcert` alone is the server's authority and `sslidentity` a PKCS #12 file of the
client's own certificate; as for libpq, `sslrootcert` is the authority and `sslcert` with `sslkey`
the client's own. Neither `PGSSL*` variables nor files in `~/.postgresql` are read.
`toolchain/schema_engine/tls.mjs` reads the same for the `prisma` command.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from prisma_wasm.errors import QueryError

Attempts = tuple[ssl.SSLContext | None, ...]
"""The ways to connect, in the order in which to try them; None is the one without TLS."""

_MODES: Final = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
_SYSTEM: Final = "system"


def attempts_of(parameters: Mapping[str, str]) -> Attempts:
    """Return the ways to connect; raise P1013 for contradictions, P1011 for unusable files."""
    authority = parameters.get("sslrootcert") or None
    mode = parameters.get("sslmode") or ("verify-full" if authority == _SYSTEM else "prefer")
    if mode not in _MODES:
        raise refused(f"`sslmode` must be one of {', '.join(sorted(_MODES))}, not `{mode}`")
    if authority == _SYSTEM and mode != "verify-full":
        raise refused(f"`sslrootcert=system` needs `sslmode=verify-full`, not `{mode}`")
    _check_own_certificate(parameters)
    if mode == "disable":
        return (None,)
    # What is neither of Prisma's two values means the stricter one, as for Prisma.
    strict = parameters.get("sslaccept", "accept_invalid_certs") != "accept_invalid_certs"
    checks_name = strict or mode == "verify-full"
    verifies = checks_name or mode == "verify-ca" or authority is not None
    try:
        context = _context(parameters, verifies=verifies, checks_name=checks_name)
    except (OSError, ValueError) as error:  # ssl's own errors are of the former
        raise tls_failed(str(error)) from error
    if verifies or mode == "require":
        return (context,)  # without TLS nothing would be verified
    return (None, context) if mode == "allow" else (context, None)


def _check_own_certificate(parameters: Mapping[str, str]) -> None:
    """Refuse a certificate of the client's own that is given by half, or twice."""
    key, certificate = parameters.get("sslkey"), parameters.get("sslcert")
    if key and not certificate:
        raise refused("`sslkey` needs `sslcert`, the certificate that it belongs to")
    if certificate and parameters.get("sslrootcert") and not key:
        raise refused("`sslcert` next to `sslrootcert` is the client's own, and needs `sslkey`")
    if key and parameters.get("sslidentity"):
        raise refused("`sslidentity` and `sslkey` are two certificates of the client's own")


def _context(parameters: Mapping[str, str], *, verifies: bool, checks_name: bool) -> ssl.SSLContext:
    certificate, key = parameters.get("sslcert"), parameters.get("sslkey")
    # Not `create_default_context`, which from Python 3.13 on refuses authorities that libpq takes.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = checks_name
    context.verify_mode = ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE
    authority = parameters.get("sslrootcert") or (None if key else certificate)
    if authority and authority != _SYSTEM:
        context.load_verify_locations(cafile=authority)
    elif verifies:
        context.load_default_certs()
    password = parameters.get("sslpassword", "")
    if key and certificate:
        # A function, since for a key that has a password but gets none a text would have it asked.
        context.load_cert_chain(certificate, key, lambda: password)
    if identity := parameters.get("sslidentity"):
        _load_identity(context, Path(identity), password)
    return context


def _load_identity(context: ssl.SSLContext, path: Path, password: str) -> None:
    try:
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
            pkcs12,
        )
    except ImportError:
        raise refused(
            "`sslidentity` needs the package `cryptography`; `sslcert` and `sslkey` do not"
        ) from None
    bundle = pkcs12.load_pkcs12(path.read_bytes(), password.encode() or None)
    if bundle.key is None or bundle.cert is None:
        raise refused("`sslidentity` holds no certificate with its key")
    chain = [bundle.cert, *bundle.additional_certs]
    texts = [bundle.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())]
    texts += [item.certificate.public_bytes(Encoding.PEM) for item in chain]
    # Python reads certificates from files alone.
    handle, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b"".join(texts))
        context.load_cert_chain(name)
    finally:
        Path(name).unlink()


def tls_failed(reason: str) -> QueryError:
    """Return the error for TLS that cannot be had, or not with the server that is there."""
    message = f"Error opening a TLS connection: {reason}"
    return QueryError("P1011", message, {"message": reason})


def refused(reason: str) -> QueryError:
    """Return the refusal of a URL."""
    message = f"The provided database string is invalid. Error parsing connection string: {reason}"
    return QueryError("P1013", message, {"details": reason})
