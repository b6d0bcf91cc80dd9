"""Start a keeper and follow its reports until the server is ready."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .errors import EmbeddedError
from .home import keeper_log, open_log


class KeeperLostError(EmbeddedError):
    """The keeper was killed before it could say anything; another one may succeed."""


Say = Callable[[str], None]

# Longer than the keeper's own limits together, so that it is the keeper who says what is wrong.
_LIMIT = 240.0
_SILENT_SECONDS = 1.0


def bring_up(
    folder: Path, start_lock: int, *, idle: float, say: Say, throwaway: bool = False
) -> subprocess.Popen[bytes]:
    """Start the keeper, which shares the lock, and return once the server takes connections."""
    reading, writing = os.pipe()
    try:
        keeper = _spawn(folder, start_lock, writing, idle=idle, throwaway=throwaway)
    except OSError as error:
        os.close(reading)
        raise EmbeddedError(f"Cannot start PostgreSQL in {folder}: {error}") from error
    finally:
        os.close(writing)
    try:
        _follow(reading, folder, say)
    finally:
        os.close(reading)
    return keeper


def say_to_stderr(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def short(folder: Path) -> str:
    """The folder as people would type it."""
    try:
        return str(folder.relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(folder)


def _spawn(
    folder: Path, start_lock: int, report: int, *, idle: float, throwaway: bool
) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-P",
        "-m",
        "prisma_wasm.embedded.keeper",
        str(folder),
        f"--idle={idle}",
        f"--start-lock={start_lock}",
        f"--report={report}",
        *(["--throwaway"] if throwaway else []),
    ]
    log = open_log(keeper_log(folder), afresh=True)
    try:
        return subprocess.Popen(  # noqa: S603 - ourselves
            command,
            # A temporary server ends when the other end of this pipe closes, however we end.
            stdin=subprocess.PIPE if throwaway else subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(start_lock, report),
            start_new_session=True,
        )
    finally:
        os.close(log)


def _follow(reports: int, folder: Path, say: Say) -> None:
    started = time.monotonic()
    told = False
    unread = b""
    while True:
        waited = time.monotonic() - started
        if waited > _LIMIT:
            raise EmbeddedError(f"PostgreSQL in {folder} did not start within {_LIMIT:.0f} s.")
        if not told and waited >= _SILENT_SECONDS:
            told = True
            say(f"Starting PostgreSQL in {short(folder)} ...")
        if not select.select([reports], [], [], _LIMIT if told else _SILENT_SECONDS)[0]:
            continue
        received = os.read(reports, 65536)
        if not received:
            raise KeeperLostError(
                f"PostgreSQL in {folder} could not be started, its keeper was killed;"
                f" see {keeper_log(folder)}."
            )
        *lines, unread = (unread + received).split(b"\n")
        for report in map(json.loads, lines):
            if "error" in report:
                raise EmbeddedError(report["error"])
            if report["step"] == "ready":
                return
            if report["step"] == "create":
                told = True
                say(f"Creating a PostgreSQL database in {short(folder)} (first start) ...")
