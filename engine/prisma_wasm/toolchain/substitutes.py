"""What stands in for modules of Prisma Client Python while one of its programs runs.

The `prisma` command and the generators that the CLI starts are the only processes in which these
finders are installed. Applications import upstream's modules as they are.
"""

import contextlib
import importlib.util
import sys
from collections.abc import Generator, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

from prisma_wasm.toolchain import folders

CLIENT = "prisma.client"
GENERATOR = "prisma.generator.generator"
COMMANDS = "prisma.cli.commands."
OWN_COMMANDS = ("fetch", "version")


class NoClient:
    """Lets `import prisma` load no generated client, as before the first `prisma generate`.

    The client is of no use to a command, takes a third of its import, and may be damaged.
    """

    def find_spec(self, name: str, _path: object, _target: object = None) -> None:
        """Raise what Prisma Client Python takes for "not generated yet"."""
        if name == CLIENT:
            raise ModuleNotFoundError(name, name=name)


@contextlib.contextmanager
def without_client() -> Generator[None]:
    """Inside, `import prisma` loads no generated client, as before the first `prisma generate`."""
    finder = NoClient()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class OwnCommands:
    """Puts our `prisma py fetch` and `prisma py version` in the place of upstream's."""

    def find_spec(self, name: str, _path: object, _target: object = None) -> ModuleSpec | None:
        """Find our file for a command that upstream would load."""
        command = name.removeprefix(COMMANDS)
        if command == name or command not in OWN_COMMANDS:
            return None
        file = folders.PACKAGE / "commands" / f"{command}.py"
        return importlib.util.spec_from_file_location(name, file)


class OwnGenerator:
    """Makes upstream's `Generator`, however it was started, hand over to ours.

    Schemas name it in many ways (`python -m prisma`, a path, a script that calls `invoke`); its
    client would look for an engine binary.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None, _target: object = None
    ) -> ModuleSpec | None:
        """Find upstream's module, with a loader that changes one method of it."""
        if name != GENERATOR:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _HandingOver(spec.loader.name, spec.loader.path)
        return spec


class _HandingOver(SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        module.Generator.run = _run_our_generator


def _run_our_generator(_self: object) -> None:
    """Do what the program of `provider = "prisma-client-py"` does.

    It is done in this process, whose `prisma` may be a package in the working directory: `python
    -m` finds that first, and scripts for partial types rely on it.
    """
    from prisma_wasm.toolchain.generator import __main__ as program

    program.main()
