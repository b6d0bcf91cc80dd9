"""The generator as a program, started for the providers "prisma-client-py" and "prisma-wasm"."""

import os
import signal
import sys
from types import FrameType

from prisma_wasm.toolchain import substitutes, upstream


def main() -> None:
    """Answer the Prisma CLI until it closes the conversation."""
    if not os.environ.get("PRISMA_GENERATOR_INVOCATION"):
        sys.exit('`prisma generate` runs this, for a generator with provider = "prisma-client-py".')
    signal.signal(signal.SIGTERM, _end)
    upstream.expect_our_versions()
    with substitutes.without_client():
        from prisma_wasm.toolchain.generator.generator import ClientGenerator

    ClientGenerator.invoke()


def _end(number: int, _: FrameType | None) -> None:
    """End by an exception, so that a client half written is put back."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
