"""The generator as a program: what a schema's provider "prisma-client-py" or "prisma-wasm" starts."""

import os
import signal
import sys
from types import FrameType

# Upstream accepts only the schema of the Prisma version that it was made for; this is the one that the CLI has.
os.environ["PRISMA_EXPECTED_ENGINE_VERSION"] = "c2990dca591cba766e3b7ef5d9e8a84796e47ab7"
os.environ["PRISMA_VERSION"] = "6.19.3"


def main() -> None:
    """Answer the Prisma CLI until it closes the conversation."""
    if not os.environ.get("PRISMA_GENERATOR_INVOCATION"):
        sys.exit(
            'This program is run by `prisma generate`, for a generator whose provider is "prisma-client-py".'
        )
    signal.signal(signal.SIGTERM, _end)
    from prisma_wasm.toolchain.generator.generator import ClientGenerator

    ClientGenerator.invoke()


def _end(number: int, _: FrameType | None) -> None:
    """End by an exception, so that a client half written is put back."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
