"""Ends the generator when the Prisma CLI that asked for the client is gone."""

import contextlib
import os
import select
import signal
import sys
import threading
from collections.abc import Generator

LOOK_EVERY_MILLISECONDS = 200


@contextlib.contextmanager
def ended_when_abandoned() -> Generator[None]:
    """The CLI holds our standard input open; when it dies, this process gets a SIGTERM.

    A shell stands between the two, so the CLI's end reaches us in no other way, and a client would
    appear some time after the command that was to make it had been ended.
    """
    done = threading.Event()
    threading.Thread(target=_watch, args=(sys.stdin.fileno(), done), daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _watch(descriptor: int, done: threading.Event) -> None:
    poll = select.poll()
    poll.register(descriptor, 0)  # a closed other end is told without asking
    while not done.is_set():
        if poll.poll(LOOK_EVERY_MILLISECONDS) and not done.is_set():
            os.kill(os.getpid(), signal.SIGTERM)
            return
