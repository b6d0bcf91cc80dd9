"""Progress of long steps on stderr: one living line on a terminal, plain lines elsewhere."""

import shutil
import sys
import time

PLAIN_EVERY_SECONDS = 10.0


def say(sentence: str) -> None:
    """A line for the user; stdout stays the command's own."""
    print(sentence, file=sys.stderr, flush=True)


class Progress:
    """Shows that a step is alive: how far it is and how long it has taken."""

    def __init__(self, step: str) -> None:
        self._step = step
        self._begin = self._last = time.monotonic()
        self._living = sys.stderr.isatty()
        if not self._living:
            say(f"{step} ...")

    def at(self, detail: str) -> None:
        """Show where the step is; call it as often as you like."""
        now = time.monotonic()
        if self._living:
            line = f"{self._step}: {detail}, {now - self._begin:.0f} s"
            self._rewrite(line[: shutil.get_terminal_size().columns - 1])
        elif now - self._last >= PLAIN_EVERY_SECONDS:
            self._last = now
            say(f"{self._step}: {detail}, {now - self._begin:.0f} s")

    def done(self, detail: str) -> None:
        """The step has ended well."""
        line = f"{self._step}: {detail} ({time.monotonic() - self._begin:.1f} s)"
        if self._living:
            self._rewrite("")
        say(line)

    def failed(self) -> None:
        """Leave a clean line for the error message."""
        if self._living:
            self._rewrite("")

    def _rewrite(self, line: str) -> None:
        print(f"\r\x1b[2K{line}", end="", file=sys.stderr, flush=True)
