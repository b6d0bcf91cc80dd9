"""Sign the scopes of the service's queries, for the benchmark of signed scopes."""

import hashlib
import hmac
from collections.abc import Mapping
from contextlib import AbstractContextManager

from prisma_wasm import scoped

KEY = hashlib.sha256(b"for benchmarks only").digest()
_NAMES = ("tenantry.user", "tenantry.workspace", "tenantry.key")
_BLOCK = 64


def pads() -> tuple[str, str]:
    """Return the inner and the outer pad of the key in hexadecimal, as HMAC defines them."""
    padded = KEY.ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ mask for byte in padded) for mask in (0x36, 0x5C))
    return inner.hex(), outer.hex()


def signed(settings: Mapping[str, str]) -> AbstractContextManager[None]:
    """Return the scope of these settings with their signature, in place of `scoped`."""
    message = "\n".join(settings[name] for name in _NAMES).encode()
    signature = hmac.digest(KEY, message, "sha256").hex()
    return scoped({**settings, "tenantry.signature": signature})
