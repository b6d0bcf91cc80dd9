"""`tenantry mail`: the mails of development, as people read them in a terminal."""

import os
import subprocess
import threading
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from app.commands import mailbox
from tests.fix_service import run_tenantry

LINK = "http://127.0.0.1:8000/confirm-email#token="


def tenantry_mail(
    folder: Path, *arguments: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    return run_tenantry("mail", *arguments, MAIL_FOLDER=str(folder), **settings)


def deliver(
    folder: Path,
    number: int,
    *,
    to: str = "ann@example.com",
    subject: str = "Hello",
    body: str = "Hi",
    age: float = 0.0,
) -> Path:
    """Put a mail into the folder, with a later name the higher its number is."""
    message = EmailMessage()
    message["From"] = "Tenantry <tenantry@localhost>"
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime(2026, 1, 2, 3, 4, number, tzinfo=UTC))
    message.set_content(body)
    folder.mkdir(exist_ok=True)
    path = folder / f"20260102T0304{number:02}-{number}.eml"
    path.write_bytes(message.as_bytes())
    arrived = time.time() - age
    os.utime(path, times=(arrived, arrived))
    return path


def test_the_newest_mail_is_shown(tmp_path: Path):
    """Its headers that matter and its body, again and again."""
    deliver(tmp_path, 1, subject="Older")
    deliver(tmp_path, 2, subject="Grüße", body=f"Zoë, open\n\n{LINK}s3cret\n")

    for _ in range(2):
        done = tenantry_mail(tmp_path)
        assert done.returncode == 0
        assert done.stdout == (
            "From: Tenantry <tenantry@localhost>\nTo: ann@example.com\nSubject: Grüße\n"
            f"Date: Fri, 02 Jan 2026 03:04:02 +0000\n\nZoë, open\n\n{LINK}s3cret\n"
        )


def test_mails_are_listed_by_address(tmp_path: Path):
    """Each has one line, the newest first, at most twenty; the address's case does not matter."""
    for number in range(25):
        deliver(tmp_path, number, subject=f"Mail {number}")
    deliver(tmp_path, 30, to="Ben <ben@example.com>", subject="For Ben")

    every = tenantry_mail(tmp_path, "--list").stdout.splitlines()
    bens = tenantry_mail(tmp_path, "--list", "--to", "BEN@example.com").stdout.splitlines()

    assert len(every) == 20
    assert every[1] == "2026-01-02 03:04:24  ann@example.com  Mail 24"
    assert bens == ["2026-01-02 03:04:30  ben@example.com  For Ben"]


def test_the_token_alone(tmp_path: Path):
    """It is the one of the link, whatever stands before it."""
    body = f"{LINK}no #token=neither invites you. Open\n\n{LINK}s3c-r_et\n\nwithin a day.\n"
    deliver(tmp_path, 1, body=body)

    assert tenantry_mail(tmp_path, "--token").stdout == "s3c-r_et\n"

    deliver(tmp_path, 2, subject="Nothing to open")
    done = tenantry_mail(tmp_path, "--token")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "tenantry: the mail with the subject 'Nothing to open' has no link.\n"


def test_wait_shows_a_mail_that_arrives_later(tmp_path: Path):
    """Mails of earlier days and to others do not end the wait; the folder need not exist yet."""
    folder = tmp_path / "mail"
    arrival = threading.Timer(1.0, deliver, (folder, 9), {"body": f"{LINK}later"})
    arrival.start()
    done = tenantry_mail(folder, "--wait", "--to", "ann@example.com", "--token")
    arrival.join()

    assert (done.returncode, done.stdout) == (0, "later\n")


class Clock:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.start = self.time = time.time()

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def wait(self, folder: Path, *, to: str | None = None) -> str | None:
        found = mailbox.wait_for_mail(folder, seconds=30, to=to, now=self.now, sleep=self.sleep)
        return found and found.path.name


def test_wait_takes_a_mail_that_arrived_just_before(tmp_path: Path):
    """Each mail is shown once: a second wait never shows what the first one showed."""
    deliver(tmp_path, 1, age=3600)
    first = deliver(tmp_path, 2, age=5)
    second = deliver(tmp_path, 3, to="ben@example.com")
    clock = Clock()

    assert clock.wait(tmp_path, to="ben@example.com") == second.name
    assert clock.wait(tmp_path) == first.name
    assert clock.wait(tmp_path) is None
    assert 30 <= clock.time - clock.start < 31

    first.unlink()
    third = deliver(tmp_path, 4)
    assert clock.wait(tmp_path) == third.name
    assert first.name not in (tmp_path / ".shown").read_text()


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The subjects of the mails that are parsed in this test."""
    subjects = list[str]()
    parse = mailbox.message_from_bytes

    def recorded(*arguments: Any, **more: Any) -> Any:
        message = parse(*arguments, **more)
        subjects.append(str(message["Subject"]))
        return message

    monkeypatch.setattr(mailbox, "message_from_bytes", recorded)
    return subjects


def test_wait_parses_only_what_it_may_show(tmp_path: Path, parsed: list[str]):
    """It parses no old or shown mail, and mail to others once, however long it waits."""
    for number in range(3):
        deliver(tmp_path, number, subject=f"Old {number}", age=3600)
    deliver(tmp_path, 4, subject="Shown")
    assert Clock().wait(tmp_path)
    parsed.clear()
    deliver(tmp_path, 5, to="ben@example.com", subject="For Ben")

    assert Clock().wait(tmp_path, to="ann@example.com") is None

    assert parsed == ["For Ben"]


def test_the_newest_mail_is_the_only_one_parsed(tmp_path: Path, parsed: list[str]):
    """The number of mails in the folder does not matter."""
    for number in range(3):
        deliver(tmp_path, number, subject=f"Mail {number}")

    assert next(mailbox.list_mails(tmp_path)).summary().endswith("Mail 2")

    assert parsed == ["Mail 2"]


def test_wait_ends(tmp_path: Path):
    """It ends with a sentence that says what to look at."""
    done = tenantry_mail(tmp_path, "--wait", "0.2", "--to", "ann@example.com")

    assert done.returncode == 1
    assert done.stderr == (
        "tenantry: no new mail to ann@example.com arrived within 0.2 seconds. "
        "Is the service running? `tenantry mail --list` lists earlier mails.\n"
    )


@pytest.mark.parametrize("seconds", ["0", "-1", "601", "nan", "inf", "soon"])
def test_a_wait_has_a_limit(tmp_path: Path, seconds: str):
    done = tenantry_mail(tmp_path, f"--wait={seconds}")

    assert done.returncode == 2
    assert f"must be a number of seconds up to 600, not '{seconds}'" in done.stderr


def test_no_mail_is_an_error(tmp_path: Path):
    """It is an error even if a mail server gets the mails."""
    nothing = tenantry_mail(tmp_path / "none", "--to", "ann@example.com")
    elsewhere = tenantry_mail(tmp_path, SMTP_URL="smtp://127.0.0.1:1")

    assert nothing.returncode == elsewhere.returncode == 1
    assert nothing.stderr.startswith("tenantry: there is no mail to ann@example.com in ")
    assert elsewhere.stderr.startswith("tenantry: SMTP_URL is set, so mails go to that server")


def test_escape_sequences_are_replaced(tmp_path: Path):
    """The output contains a replacement for each of them."""
    deliver(tmp_path, 1, body="\x1b]0;owned\x07 \u202etxt")

    assert tenantry_mail(tmp_path).stdout.endswith("\n\ufffd]0;owned\ufffd \ufffdtxt\n")
