"""The `tenantry mail` command: show the mails that development writes into a folder.

It imports nothing of the service, so it starts fast and works without a database.
"""

import argparse
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from itertools import islice
from pathlib import Path

from app.settings import Settings

WAIT_SECONDS = 30
MAX_WAIT_SECONDS = 600
# `--wait` also shows a mail that arrived this long before the command started: a mail often arrives
# between the request that caused it and the command that waits for it.
RECENT = 60.0  # seconds
_MAX_LISTED = 20
_POLL_EVERY = 0.05  # seconds
_SHOWN = ".shown"
# A link has a line to itself. Names that users choose never begin a line with a URL.
_TOKEN = re.compile(r"^https?://\S+#token=([A-Za-z0-9_-]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class StoredMail:
    """A mail in the folder."""

    path: Path
    message: EmailMessage

    @property
    def recipient(self) -> str:
        return parseaddr(str(self.message["To"]))[1]

    @property
    def token(self) -> str | None:
        """The token of the link in the mail, or None if the mail has none."""
        found = _TOKEN.search(self._body())
        return found[1] if found else None

    def text(self) -> str:
        """Return the headers that people read, and the body."""
        headers = (f"{name}: {self.message[name]}" for name in ("From", "To", "Subject", "Date"))
        return _printable("\n".join([*headers, "", self._body().rstrip()]))

    def summary(self) -> str:
        """Return one line: the date, the recipient and the subject."""
        sent = self.message["Date"].datetime
        return _printable(f"{sent:%Y-%m-%d %H:%M:%S}  {self.recipient}  {self.message['Subject']}")

    def _body(self) -> str:
        return self.message.get_content()


def list_mails(folder: Path, *, to: str | None = None) -> Iterator[StoredMail]:
    """Yield the mails to an address, or all of them, the newest first."""
    yield from _parse(_newest_first(folder), to=to)


def wait_for_mail(
    folder: Path,
    *,
    seconds: float,
    to: str | None = None,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> StoredMail | None:
    """Wait for a mail that no earlier call returned; return None after `seconds`.

    A mail counts if it arrives during the wait, or arrived less than `RECENT` seconds before.
    """
    start = now()
    others = set[str]()  # mails to other addresses, which need no second look
    while True:
        excluded = _shown(folder) | others
        paths = [
            path
            for path in _newest_first(folder)
            if path.name not in excluded and _is_newer(path, start - RECENT)
        ]
        for mail in _parse(paths, to=to):
            _remember_shown(folder, mail)
            return mail
        others.update(path.name for path in paths)
        if now() >= start + seconds:
            return None
        sleep(_POLL_EVERY)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait",
        nargs="?",
        type=_seconds,
        const=WAIT_SECONDS,
        metavar="SECONDS",
        help="wait for a mail that --wait has not shown yet, and that is less than a minute old or "
        f"arrives within SECONDS (default: {WAIT_SECONDS})",
    )
    parser.add_argument("--to", metavar="ADDRESS", help="only mails to this address")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--token", action="store_true", help="print only the token of the link in the mail"
    )
    what.add_argument(
        "--list",
        action="store_true",
        help=f"print one line for each of the newest {_MAX_LISTED} mails",
    )


def show_mail(arguments: argparse.Namespace, settings: Settings) -> int:
    """Print what the arguments ask for; return the exit status."""
    if settings.smtp_url is not None:
        return _fail("SMTP_URL is set, so mails go to that server and not into a folder.")
    suffix = f" to {arguments.to}" if arguments.to else ""
    folder = settings.mail_folder
    missing = f"there is no mail{suffix} in {os.path.relpath(folder)}."
    if arguments.wait:
        mail = wait_for_mail(folder, seconds=arguments.wait, to=arguments.to)
        mails = [mail] if mail else []
        missing = (
            f"no new mail{suffix} arrived within {arguments.wait:g} seconds. Is the service "
            "running? `tenantry mail --list` lists earlier mails."
        )
    else:
        most = _MAX_LISTED if arguments.list else 1
        mails = list(islice(list_mails(folder, to=arguments.to), most))
    if not mails:
        return _fail(missing)
    if arguments.list:
        for mail in mails:
            print(mail.summary())
        return 0
    newest = mails[0]
    if not arguments.token:
        print(newest.text())
    elif newest.token:
        print(newest.token)
    else:
        return _fail(f"the mail with the subject {str(newest.message['Subject'])!r} has no link.")
    return 0


def _newest_first(folder: Path) -> list[Path]:
    # A file's name begins with the time at which the mail was queued.
    return sorted(folder.glob("*.eml"), reverse=True)


def _parse(paths: Iterable[Path], *, to: str | None) -> Iterator[StoredMail]:
    """Parse files one by one, and yield the mails to an address."""
    return (mail for path in paths if (mail := _read(path)) and _is_to(mail, to))


def _is_newer(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime > moment
    except FileNotFoundError:  # deleted since the folder was listed
        return False


def _read(path: Path) -> StoredMail | None:
    try:
        return StoredMail(path, message_from_bytes(path.read_bytes(), policy=policy.default))
    except FileNotFoundError:  # deleted since the folder was listed
        return None


def _is_to(mail: StoredMail, address: str | None) -> bool:
    return address is None or mail.recipient.lower() == address.lower()


def _shown(folder: Path) -> set[str]:
    try:
        return set((folder / _SHOWN).read_text().split())
    except FileNotFoundError:
        return set()


def _remember_shown(folder: Path, mail: StoredMail) -> None:
    """Add the mail to those that were shown, and drop those whose files are gone."""
    existing = {path.name for path in folder.glob("*.eml")}
    names = _shown(folder) & existing | {mail.path.name}
    (folder / _SHOWN).write_text("".join(f"{name}\n" for name in sorted(names)))


def _printable(text: str) -> str:
    """Replace control characters, which a terminal would obey."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)


def _fail(message: str) -> int:
    print(f"tenantry: {message}", file=sys.stderr)
    return 1


def _seconds(value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= MAX_WAIT_SECONDS:
        raise argparse.ArgumentTypeError(
            f"must be a number of seconds up to {MAX_WAIT_SECONDS}, not {value!r}"
        )
    return seconds
