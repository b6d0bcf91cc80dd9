"""What a URL says of TLS: whether, whom to trust, and as whom.

As for Prisma, `sslcert` is the server's authority and `sslidentity` a PKCS #12 file of the client's
own certificate; as for libpq, `sslrootcert` is the authority and `sslcert` with `sslkey` one's own.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from prisma_wasm.errors import QueryError

_MODES: Final = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})


def context_of(parameters: Mapping[str, str]) -> ssl.SSLContext | str:
    """The context of these parameters, or the mode if it says all."""
    mode = parameters.get("sslmode", "prefer")
    if mode not in _MODES:
        raise refused(f"`sslmode` must be one of {', '.join(sorted(_MODES))}, not `{mode}`")
    certificate, key = parameters.get("sslcert"), parameters.get("sslkey")
    identity = parameters.get("sslidentity")
    authority = parameters.get("sslrootcert") or (None if key else certificate)
    strict = parameters.get("sslaccept") == "strict" or mode.startswith("verify-")
    if mode == "disable" or not (strict or authority or identity or key):
        return mode
    try:
        context = ssl.create_default_context(cafile=authority)
        context.check_hostname = strict and mode != "verify-ca"
        if not strict:
            context.verify_mode = ssl.CERT_NONE
        if key and certificate:
            context.load_cert_chain(certificate, key)
        if identity:
            _load_identity(context, Path(identity), parameters.get("sslpassword", ""))
    except (OSError, ValueError) as error:  # ssl's own errors are of the former
        raise QueryError("P1011", f"Error opening a TLS connection: {error}") from error
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


def refused(reason: str) -> QueryError:
    """The refusal of a URL."""
    message = f"The provided database string is invalid. Error parsing connection string: {reason}"
    return QueryError("P1013", message, {"details": reason})
