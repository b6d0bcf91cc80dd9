"""One program of a Node installation, with the few functions of nodejs-bin that people call."""

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import subprocess


class Program:
    """`node`, `npm` or `npx`; the Prisma CLI among their arguments is handed to the tool chain."""

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def path(self) -> str:
        """Where the program lies; Node is installed from PyPI first when the machine has none.

        Upstream asks for this in every command, before it runs one: what goes wrong here ends the
        command with a sentence, and not with a traceback through upstream.
        """
        from prisma_wasm.toolchain import launcher, node

        with launcher.ended_on_failure():
            return str(node.find().program(self._name))

    def run(self, args: Iterable[str], **options: Any) -> "subprocess.CompletedProcess[bytes]":
        """Run the program as `subprocess.run` would."""
        import subprocess

        from prisma_wasm.toolchain import upstream_calls

        arguments = list(args)
        answer = upstream_calls.answer(self._name, arguments, **options)
        if answer is not None:
            return answer
        words = [*self._command(), *arguments]
        return cast(
            "subprocess.CompletedProcess[bytes]",
            subprocess.run(words, **options),  # noqa: S603 - the caller decides
        )

    def call(self, args: Iterable[str], **options: Any) -> int:
        """Run the program; the answer is its exit code."""
        return self.run(args, **options).returncode

    def Popen(  # noqa: N802 - nodejs-bin's name
        self, args: Iterable[str], **options: Any
    ) -> "subprocess.Popen[bytes]":
        """Start the program and leave it running."""
        import subprocess

        words = [*self._command(), *args]
        return cast(
            "subprocess.Popen[bytes]",
            subprocess.Popen(words, **options),  # noqa: S603 - the caller decides
        )

    def main(self) -> None:
        """Run the program with this process's arguments and end with its exit code."""
        sys.exit(self.call(sys.argv[1:]))

    def _command(self) -> list[str]:
        from prisma_wasm.toolchain import node

        return node.find().command(self._name)
