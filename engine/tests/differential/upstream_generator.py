"""Upstream's own generator as a program, with nothing of ours in it.

In a process that the CLI starts as a generator, `import prisma` makes upstream's hand over to ours:
so the process does not look like one until the import is done.
"""

import os

VARIABLE = "PRISMA_GENERATOR_INVOCATION"


def main() -> None:
    """Answer the Prisma CLI until it closes the conversation."""
    invocation = os.environ.pop(VARIABLE)
    from prisma.generator import Generator

    from prisma_wasm.toolchain import upstream

    os.environ[VARIABLE] = invocation
    os.environ["PRISMA_PY_DEBUG_GENERATOR"] = "1"  # so that it does not ask for engines
    upstream.expect_our_versions()
    Generator.invoke()


if __name__ == "__main__":
    main()
