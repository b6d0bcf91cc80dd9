"""Commands that are ours instead of Prisma's, since its CLI would download the program for them."""

from pathlib import Path

from prisma_wasm import config
from prisma_wasm.toolchain import arguments, init
from prisma_wasm.toolchain.errors import ToolchainError

# What to do instead.
NOT_HERE = {
    "dev": f"For a server of the project's own, write into pyproject.toml:\n\n{config.EMBEDDED}",
    "deploy": "`prisma migrate deploy` applies the migrations to a database.",
    "login": "Prisma's services have no use for this client.",
    "rules": "See Prisma's documentation.",
}


def run(args: list[str], *, cwd: Path) -> str | None:
    """Run the command if it is one of ours, and return what it says; None for Prisma's own.

    Raises ToolchainError where it fails or does not exist here.
    """
    name = next(iter(arguments.read(args).words), "")
    if name in NOT_HERE:
        raise ToolchainError(
            f"`prisma {name}` does not exist here: Prisma would download a program for it.",
            mend=NOT_HERE[name],
        )
    if name != "init":
        return None
    rest = args.copy()
    rest.remove(name)
    return init.run(rest, cwd=cwd)
