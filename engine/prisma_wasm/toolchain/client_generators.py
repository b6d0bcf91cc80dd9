"""Which generators of a schema make a client of Prisma Client Python."""

from pathlib import Path

USUAL_PROVIDER = "prisma-client-py"
# `prisma` is the last word of "python -m prisma", which our generator answers as well.
_PROVIDERS = (USUAL_PROVIDER, "prisma-wasm", "prisma")


def makes_python_client(provider: str | None) -> bool:
    """Return whether a generator with this provider makes a Python client.

    It is named by its usual name, a path or `python -m prisma`.
    """
    words = (provider or "").split()
    return bool(words) and Path(words[-1]).name in _PROVIDERS
