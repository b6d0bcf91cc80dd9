"""What a `prisma ...` command does: prepares Node and its packages, runs Prisma's own CLI."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping
from pathlib import Path
from types import FrameType
from typing import IO, Any, Self

from prisma_wasm.toolchain import arguments, environment, node, own_commands, packages, programs
from prisma_wasm.toolchain.errors import ToolchainError
from prisma_wasm.toolchain.progress import say

CLI = Path("node_modules", "prisma-cli", "build", "index.js")
FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# A terminal sends Ctrl-C to the CLI as well; only one that still runs after this has not had it.
OWN_INTERRUPT_SECONDS = 0.5
POLL_SECONDS = 0.05

Stream = int | IO[Any] | None


def run(
    args: list[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdout: Stream = None,
    stderr: Stream = None,
) -> int:
    """Run `prisma ARGS`; the answer is its exit code."""
    try:
        base, here = os.environ if env is None else env, Path(cwd or Path.cwd())
        own = own_commands.run(args, cwd=here)
        if own is not None:
            return _print(own, stdout)
        args = arguments.with_schema(args, base, here)
        command = arguments.read(args)
        folder = packages.prepare()
        using = node.find()
        variables = environment.for_command(
            command,
            base,
            cwd=here,
            node=using,
            packages=folder,
        )
    except ToolchainError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    preload = programs.ENGINES / "cli_preload.cjs"
    code = _run_cli(
        [str(using.executable), "--require", str(preload), str(folder / CLI), *_command_line(args)],
        variables,
        cwd,
        stdout,
        stderr,
    )
    if code == 1 and (advice := environment.advice(command, variables, cwd=here)):
        say(advice)
    return code


def _print(text: str, stdout: Stream) -> int:
    """Print what a command of ours says, where the CLI would print; the answer is its exit code."""
    if not isinstance(stdout, int):
        print(text, end="", file=stdout, flush=True)
    elif stdout >= 0:  # the others are subprocess.PIPE and its like
        os.write(stdout, text.encode())
    return 0


@contextlib.contextmanager
def ended_on_failure() -> Generator[None]:
    """A failure of the tool chain, or Ctrl-C, ends the process with its words and exit code."""
    try:
        yield
    except ToolchainError as error:
        say(str(error))
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        raise SystemExit(128 + signal.SIGINT) from None


def _command_line(args: list[str]) -> list[str]:
    """The arguments as given; `generate` goes without its survey and its advertisements."""
    if args[:1] == ["generate"] and "--no-hints" not in args:
        return [*args, "--no-hints"]
    return args


def _run_cli(
    command: list[str],
    variables: Mapping[str, str],
    cwd: Path | None,
    stdout: Stream,
    stderr: Stream,
) -> int:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with _real(stdout) as out, _real(stderr) as err, _Signals() as signals:
        process = subprocess.Popen(command, env=variables, cwd=cwd, stdout=out, stderr=err)  # noqa: S603 - Prisma's CLI
        code = signals.wait(process)
    if code >= 0:
        return code
    if -code not in signals.seen:
        say(f"Error: Node, which runs the command, was ended by {signal.Signals(-code).name}.")
    return 128 - code


@contextlib.contextmanager
def _real(stream: Stream) -> Generator[Stream]:
    """A stream that a process can write to; one without a descriptor gets what it wrote."""
    if stream is None or isinstance(stream, int) or _has_descriptor(stream):
        yield stream
        return
    read_end, write_end = os.pipe()
    copier = threading.Thread(target=_copy, args=(read_end, stream), daemon=True)
    copier.start()
    try:
        yield write_end
    finally:
        os.close(write_end)
        copier.join()


def _has_descriptor(stream: IO[Any]) -> bool:
    try:
        stream.fileno()
    except (OSError, ValueError, AttributeError, io.UnsupportedOperation):
        return False
    return True


def _copy(read_end: int, stream: IO[Any]) -> None:
    with open(read_end, encoding="utf-8", errors="replace", newline="") as source:
        for line in source:
            stream.write(line)


class _Signals:
    """Signals to this process end the CLI, once, and this process ends when the CLI has ended."""

    def __init__(self) -> None:
        self._received: list[tuple[signal.Signals, float]] = []
        self.seen: set[int] = set()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {
                number: signal.signal(number, self._note)
                for number in FORWARDED
                # `nohup`, and a shell's background, mean it.
                if signal.getsignal(number) is not signal.SIG_IGN
            }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, _: FrameType | None) -> None:
        self.seen.add(number)
        self._received.append((signal.Signals(number), time.monotonic()))

    def wait(self, process: "subprocess.Popen[bytes]") -> int:
        """The process's exit code."""
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                # Called from another thread there is no handler of ours, and nothing to look at.
                return process.wait(POLL_SECONDS if self._before else None)
            self._forward(process)

    def _forward(self, process: "subprocess.Popen[bytes]") -> None:
        now = time.monotonic()
        waiting = [
            entry
            for entry in self._received
            if entry[0] is signal.SIGINT and now - entry[1] < OWN_INTERRUPT_SECONDS
        ]
        for number, _ in (entry for entry in self._received if entry not in waiting):
            process.send_signal(number)
        self._received = waiting
