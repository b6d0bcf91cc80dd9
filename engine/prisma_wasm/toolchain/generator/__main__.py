"""The generator as a program, started for the providers "prisma-client-py" and "prisma-wasm"."""

import os
import signal
import sys
from types import FrameType

from prisma_wasm.toolchain import upstream

# Upstream accepts only the schema of one version of Prisma; this is the one of the CLI.
os.environ["PRISMA_EXPECTED_ENGINE_VERSION"] = "c2990dca591cba766e3b7ef5d9e8a84796e47ab7"
os.environ["PRISMA_VERSION"] = "6.19.3"


def main() -> None:
    """Answer the Prisma CLI until it closes the conversation."""
    if not os.environ.get("PRISMA_GENERATOR_INVOCATION"):
        sys.exit('`prisma generate` runs this, for a generator with provider = "prisma-client-py".')
    signal.signal(signal.SIGTERM, _end)
    with upstream.without_client():
        from prisma_wasm.toolchain.generator.generator import ClientGenerator

    ClientGenerator.invoke()


def _end(number: int, _: FrameType | None) -> None:
    """End by an exception, so that a client half written is put back."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
