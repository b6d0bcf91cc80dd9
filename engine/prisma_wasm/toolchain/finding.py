"""One thing that `prisma-wasm doctor` has looked at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What is so; `mend` says what to do when it is not as it should be."""

    ok: bool
    subject: str
    state: str
    mend: str = ""
