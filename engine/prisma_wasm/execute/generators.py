"""Values that are made where a schema says so: identifiers and the current time.

The formats are those of their specifications: RFC 9562 for UUIDs, the ULID specification, and cuid,
cuid2 and nanoid as their authors describe them. All randomness is cryptographic.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import secrets
import socket
import time
import uuid
from collections.abc import Callable
from typing import Any, Final, cast

from prisma_wasm.execute.run import Run
from prisma_wasm.plan import unknown

Generate = Callable[[Run, list[Any]], Any]

_BASE_36: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_NANOID: Final = "useandom-26T198340PX75pxJACKVERYMINDBUSHWOLF_GQZbfghjklqvwyzrict"


def generator(name: str) -> Generate:
    """The generator of this name."""
    match name:
        case "now":
            return lambda run, _args: run.now()
        case "uuid":
            return lambda _run, args: _uuid(*args)
        case "cuid":
            return lambda _run, args: _cuid(*args)
        case "ulid":
            return lambda _run, _args: ulid()
        case "nanoid":
            return lambda _run, args: nanoid(*args)
        case "product":
            return lambda _run, args: product(*args)
        case _:
            raise unknown("a generator", name)


def _uuid(version: int = 4) -> str:
    if version == 4:
        return uuid4()
    if version == 7:
        return uuid7()
    raise unknown("a version of UUIDs", version)


def uuid4() -> str:
    """122 bits of randomness: `str(uuid.uuid4())` in half the time."""
    octets = bytearray(os.urandom(16))
    octets[6] = octets[6] & 0x0F | 0x40
    octets[8] = octets[8] & 0x3F | 0x80
    text = octets.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def uuid7() -> str:
    """A UUID that grows with time: 48 bits of milliseconds, then randomness."""
    number = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=number))


def ulid() -> str:
    """48 bits of milliseconds and 80 of randomness, in Crockford's base 32."""
    number = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def nanoid(size: int = 21) -> str:
    """`size` characters of the URL-safe alphabet."""
    return "".join(_NANOID[byte & 63] for byte in secrets.token_bytes(size))


def _cuid(version: int = 1) -> str:
    if version == 1:
        return cuid()
    if version == 2:
        return cuid2()
    raise unknown("a version of cuid", version)


_counter: Final = itertools.count(secrets.randbelow(36**4))


def cuid() -> str:
    """`c`, the time, a counter, a fingerprint of this process and randomness, in base 36."""
    moment = _base36(time.time_ns() // 1_000_000)
    count = _base36(next(_counter) % 36**4).rjust(4, "0")
    noise = _base36(secrets.randbelow(36**8)).rjust(8, "0")
    return f"c{moment}{count}{_fingerprint()}{noise}"


def cuid2() -> str:
    """A letter and 23 characters of a hash over time, counter, process and randomness."""
    source = f"{time.time_ns()}{next(_counter)}{os.getpid()}{secrets.token_hex(32)}"
    digest = _base36(int.from_bytes(hashlib.sha3_512(source.encode()).digest()))
    return secrets.choice(_BASE_36[10:]) + digest[1:24]


def _fingerprint() -> str:
    host = socket.gethostname()
    total = sum(map(ord, host)) + len(host) + 36
    return _base36(os.getpid()).rjust(2, "0")[-2:] + _base36(total).rjust(2, "0")[-2:]


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = _BASE_36[digit] + digits
        if number == 0:
            return digits


def product(left: Any, right: Any) -> list[tuple[Any, Any]]:
    """Each of the left with each of the right."""
    lefts, rights = as_list(left), as_list(right)
    return [(a, b) for a in lefts for b in rights]


def as_list(value: Any) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else [value]
