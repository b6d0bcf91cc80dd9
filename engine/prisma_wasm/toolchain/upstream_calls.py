"""Prisma Client Python's calls of node and npm, answered.

Its `prisma` command runs `npm install prisma@...` in its cache folder when Prisma's CLI is not
there, and then runs that CLI under Node. Here npm only writes a placeholder, and running the file,
whatever it is, starts the launcher.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from prisma_wasm.toolchain.upstream_cache import ENTRYPOINT, write_placeholder


def answer(
    program: str,
    args: list[str],
    *,
    check: bool = False,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: int | IO[Any] | None = None,
    stderr: int | IO[Any] | None = None,
    **options: Any,
) -> "subprocess.CompletedProcess[bytes] | None":
    """Answer upstream's two calls; return None for any other use of node and npm."""
    if (
        program == "npm"
        and len(args) == 2
        and args[0] == "install"
        and args[1].startswith("prisma@")
    ):
        write_placeholder(Path(cwd or Path.cwd()), args[1])
        return subprocess.CompletedProcess(args, 0, stdout=b"", stderr=b"")
    if (
        program == "node"
        and args
        and Path(args[0]).parts[-len(ENTRYPOINT.parts) :] == ENTRYPOINT.parts
    ):
        from prisma_wasm.toolchain import launcher

        code = launcher.run(args[1:], env=env, cwd=cwd, stdout=stdout, stderr=stderr)
        finished = subprocess.CompletedProcess[bytes](args, code)
        if check:
            finished.check_returncode()
        return finished
    return None
