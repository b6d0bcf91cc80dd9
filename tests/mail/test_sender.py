"""Sending mail, from the outbox to a mail server or a folder."""

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from prisma import Prisma

from app import mail
from app.mail import outbox
from app.operations import background
from app.settings import Settings, load
from tests.fix_service import SECRET_KEY
from tests.mail.hostile import ACCEPTED_ADDRESSES, NAMES, REFUSED_ADDRESSES, read_strictly

LIMIT = 20.0


class Inbox:
    """What a real mail server received.

    `answers` are its answers to recipients; it drops the connection for the recipient `crashes_on`.
    """

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.raw: list[bytes] = []
        self.answers: dict[str, str] = {}
        self.crashes_on = ""

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, _server: object, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  (aiosmtpd's name)
        self, server: Any, _session: object, envelope: Any
    ) -> str:
        if self.crashes_on in envelope.rcpt_tos:
            server.transport.abort()
            return ""
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.raw.append(envelope.content)
        self.messages.append((envelope.rcpt_tos, message))
        return "250 OK"


class MailServer:
    """A mail server that can be stopped and restarted on the same port."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.inbox = Inbox()
        self._controller: Controller | None = None

    def start(self) -> None:
        self._controller = Controller(self.inbox, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    server = MailServer()
    yield server
    await asyncio.to_thread(server.stop)


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Callable[..., Settings]:
    def make(**more: str) -> Settings:
        given = {"DATABASE_URL": database, "SECRET_KEY": SECRET_KEY, "MAIL_FROM": "t@example.org"}
        return load({**given, **more}, env_file=tmp_path / "no.env", data=tmp_path)

    return make


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the delays between retries."""
    monkeypatch.setattr(outbox, "FIRST_DELAY", timedelta(milliseconds=50))
    monkeypatch.setattr(outbox, "MAX_DELAY", timedelta(milliseconds=200))
    monkeypatch.setattr("app.mail.sender.POLL_EVERY", 0.1)
    monkeypatch.setattr(background, "_RETRY_AFTER", 0.1)


async def wait_until(is_true: Callable[[], Awaitable[bool]], what: str) -> None:
    limit = time.monotonic() + LIMIT
    while not await is_true():
        if time.monotonic() > limit:
            pytest.fail(f"timed out waiting until {what}")
        await asyncio.sleep(0.02)


async def wait_until_empty(owner: Prisma) -> None:
    async def is_empty() -> bool:
        return await owner.outboxmail.count() == 0

    await wait_until(is_empty, "the outbox is empty")


async def test_mail_is_sent_after_the_commit_and_not_before(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer
):
    """Committed mail is sent and removed; mail of a rolled-back transaction is never sent."""
    mail_server.start()
    async with background.background_tasks(
        settings(SMTP_URL=f"smtp://127.0.0.1:{mail_server.port}")
    ):
        with suppress(ZeroDivisionError):
            async with owner.tx() as tx:
                await mail.enqueue(tx, to="ann@example.com", subject="Never", text="x")
                raise ZeroDivisionError
        async with owner.tx() as tx:
            await mail.enqueue(tx, to="ann@example.com", subject="Grüße", text="Zoë\n.\nend\n")
            await asyncio.sleep(0.3)  # the sender polls several times meanwhile
            assert mail_server.inbox.messages == []
        mail.wake_sender()
        await wait_until_empty(owner)

    ((recipients, message),) = mail_server.inbox.messages
    assert recipients == ["ann@example.com"]
    assert message["From"] == "t@example.org"
    assert message["To"] == "ann@example.com"
    assert message["Subject"] == "Grüße"
    assert message["Message-ID"].endswith("@example.org>")
    assert message["Date"].datetime > datetime.now(UTC) - timedelta(minutes=5)
    assert message.get_content().replace("\r\n", "\n") == "Zoë\n.\nend\n"


async def test_nothing_is_lost_while_the_mail_server_is_down(
    owner: Prisma,
    settings: Callable[..., Settings],
    mail_server: MailServer,
    caplog: pytest.LogCaptureFixture,
):
    """Mail is retried, with one log message, and arrives when the server is back."""
    caplog.set_level(logging.INFO, "app.mail")

    async def was_tried() -> bool:
        rows = await owner.outboxmail.find_many()
        return len(rows) == 25 and all(row.attempts > 1 and row.lastError for row in rows)

    async with background.background_tasks(
        settings(SMTP_URL=f"smtp://127.0.0.1:{mail_server.port}")
    ):
        for number in range(25):
            await mail.enqueue(owner, to="ann@example.com", subject=f"Mail {number}", text="x")
        await wait_until(was_tried, "every mail was tried twice")
        mail_server.start()
        await wait_until_empty(owner)

    subjects = {message["Subject"] for _, message in mail_server.inbox.messages}
    assert subjects == {f"Mail {number}" for number in range(25)}
    logged = [record.getMessage() for record in caplog.records if record.name == "app.mail.sender"]
    assert [line.partition(",")[0] for line in logged] == [
        "The mail server is unavailable",
        "The mail server is available again.",
    ]


async def test_mail_survives_a_restart(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer
):
    """The next service sends what a stopped one leaves in the outbox."""
    url = f"smtp://127.0.0.1:{mail_server.port}"
    await mail.enqueue(owner, to="ann@example.com", subject="Hello", text="x")

    async def was_tried() -> bool:
        return (await owner.outboxmail.find_first_or_raise()).lastError is not None

    async with background.background_tasks(settings(SMTP_URL=url)):
        await wait_until(was_tried, "it was tried")
    mail_server.start()
    async with background.background_tasks(settings(SMTP_URL=url)):
        await wait_until_empty(owner)

    assert len(mail_server.inbox.messages) == 1


async def test_mail_of_a_crashed_sender_is_sent_by_others(owner: Prisma):
    """Claimed mail belongs to its sender until the lease ends."""
    for number in range(5):
        await mail.enqueue(owner, to="ann@example.com", subject=f"{number}", text="x")

    claimed = await asyncio.gather(*(outbox.claim(owner, most=2) for _ in range(4)))
    ids = [item.id for mails in claimed for item in mails]
    assert len(ids) == len(set(ids)) == 5
    assert await outbox.claim(owner, most=9) == []

    await owner.outboxmail.update_many(where={}, data={"nextAttemptAt": datetime.now(UTC)})
    again = await outbox.claim(owner, most=9)
    assert {item.id for item in again} == set(ids)
    assert {item.attempts for item in again} == {2}


async def test_a_refused_mail_does_not_delay_the_others(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer
):
    """A mail that is refused permanently is dropped; one that is refused temporarily is retried."""
    mail_server.inbox.answers = {
        "gone@example.com": "550 no such user",
        "busy@example.com": "451 later",
    }
    mail_server.start()
    async with background.background_tasks(
        settings(SMTP_URL=f"smtp://127.0.0.1:{mail_server.port}")
    ):
        for name in ("gone", "busy", "ann"):
            await mail.enqueue(owner, to=f"{name}@example.com", subject="Hello", text="x")

        async def is_busy_left() -> bool:
            rows = await owner.outboxmail.find_many()
            return [(row.recipient, row.attempts > 1) for row in rows] == [
                ("busy@example.com", True)
            ]

        await wait_until(is_busy_left, "only the busy one is left")
        assert [recipients for recipients, _ in mail_server.inbox.messages] == [["ann@example.com"]]
        mail_server.inbox.answers = {}
        await wait_until_empty(owner)

    assert mail_server.inbox.messages[-1][0] == ["busy@example.com"]


async def test_a_server_forges_no_log_lines(
    owner: Prisma,
    settings: Callable[..., Settings],
    mail_server: MailServer,
    caplog: pytest.LogCaptureFixture,
):
    """Its answer may have several lines and codes for terminals; the log has one plain line."""
    mail_server.inbox.answers = {
        "gone@example.com": "550-no such user\x1b[2J\r\n550 ERROR forged" + "x" * 400
    }
    mail_server.start()
    async with background.background_tasks(
        settings(SMTP_URL=f"smtp://127.0.0.1:{mail_server.port}")
    ):
        await mail.enqueue(owner, to="gone@example.com", subject="Hello", text="x")
        await wait_until_empty(owner)

    (logged,) = [text for text in caplog.messages if "refused permanently" in text]
    assert "no such user" in logged
    assert "ERROR forged" in logged
    assert logged.isprintable()


async def test_a_mail_that_crashes_the_server_does_not_delay_the_others(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer
):
    """Nothing is lost when the connection breaks; the mail that broke it goes last."""
    mail_server.inbox.crashes_on = "poison@example.com"
    mail_server.start()
    others = {f"{number}@example.com" for number in range(12)}
    for name in ("poison@example.com", *others):
        await mail.enqueue(owner, to=name, subject="Hello", text="x")

    async with background.background_tasks(
        settings(SMTP_URL=f"smtp://127.0.0.1:{mail_server.port}")
    ):

        async def is_poison_left() -> bool:
            rows = await owner.outboxmail.find_many()
            return [row.recipient for row in rows] == ["poison@example.com"]

        await wait_until(is_poison_left, "all others are sent")
        mail_server.inbox.crashes_on = ""
        await wait_until_empty(owner)

    assert mail_server.inbox.messages[-1][0] == ["poison@example.com"]


async def test_undeliverable_mail_is_dropped_after_days(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer
):
    """Its links have expired by then; the log says so."""
    await mail.enqueue(owner, to="ann@example.com", subject="Hello", text="x")
    await owner.outboxmail.update_many(
        where={}, data={"createdAt": datetime.now(UTC) - timedelta(days=6)}
    )
    async with background.background_tasks(
        settings(SMTP_URL=f"smtp://127.0.0.1:{mail_server.port}")
    ):
        await wait_until_empty(owner)


async def test_the_password_is_never_sent_unencrypted(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer
):
    """If the server offers no TLS, nothing is sent and the mail stays in the outbox."""
    mail_server.start()
    url = f"smtp://user:secret@127.0.0.1:{mail_server.port}"
    async with background.background_tasks(settings(SMTP_URL=url)):
        await mail.enqueue(owner, to="ann@example.com", subject="Hello", text="x")

        async def was_tried() -> bool:
            return (await owner.outboxmail.find_first_or_raise()).lastError is not None

        await wait_until(was_tried, "it was tried")

    row = await owner.outboxmail.find_first_or_raise()
    assert "STARTTLS" in (row.lastError or "")
    assert "secret" not in (row.lastError or "")
    assert mail_server.inbox.messages == []


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
async def test_the_server_gets_what_was_built(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer, name: str
):
    """No header, recipient or body is added on the way, whatever the subject and the text are."""
    mail_server.start()
    for address in ACCEPTED_ADDRESSES:
        await mail.enqueue(owner, to=address, subject=name, text=f".{name}\n.\n{name}\n")
    url = f"smtp://127.0.0.1:{mail_server.port}"
    async with background.background_tasks(settings(SMTP_URL=url)):
        await wait_until_empty(owner)

    assert [recipients for recipients, _ in mail_server.inbox.messages] == [
        [address] for address in ACCEPTED_ADDRESSES
    ]
    for address, raw in zip(ACCEPTED_ADDRESSES, mail_server.inbox.raw, strict=True):
        headers, body = read_strictly(raw)
        assert headers["To"] == address
        assert headers["Subject"] == name
        assert body.replace("\r\n", "\n") == f".{name}\n.\n{name}\n"


async def test_unsafe_mail_is_dropped(
    owner: Prisma,
    settings: Callable[..., Settings],
    mail_server: MailServer,
    caplog: pytest.LogCaptureFixture,
):
    """It is never sent and delays nothing; the log has an error without the mail's text."""
    mail_server.start()
    for address in REFUSED_ADDRESSES:
        await mail.enqueue(owner, to=address, subject="Hello", text="s3cret")
    await mail.enqueue(owner, to="ann@example.com", subject="Hello", text="s3cret\x1b[0m")
    await mail.enqueue(owner, to="ann@example.com", subject="Hi\r\nBcc: b@example.com", text="x")
    url = f"smtp://127.0.0.1:{mail_server.port}"
    async with background.background_tasks(settings(SMTP_URL=url)):
        await wait_until_empty(owner)

    ((recipients, message),) = mail_server.inbox.messages
    assert recipients == ["ann@example.com"]
    assert message["Bcc"] is None
    assert message["Subject"] == "Hi Bcc: b@example.com"
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == len(REFUSED_ADDRESSES) + 1
    assert all("is not safe to send and was dropped" in each.getMessage() for each in errors)
    assert "s3cret" not in caplog.text


async def test_development_writes_mail_into_a_folder(
    owner: Prisma,
    settings: Callable[..., Settings],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
):
    """Each message is a file that only its owner can read; the log has the path and no secret."""
    caplog.set_level(logging.INFO, "app.mail")
    folder = tmp_path / "mail"
    async with background.background_tasks(settings(MAIL_FOLDER=str(folder))):
        for name in ("ann", "bob"):
            await mail.enqueue(
                owner, to=f"{name}@example.com", subject="Hello", text="#token=s3cret"
            )
        await wait_until_empty(owner)

    files = sorted(folder.iterdir())
    assert len(files) == 2
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    message = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert message.get_content().strip() == "#token=s3cret"
    logged = [
        record.getMessage() for record in caplog.records if record.name.startswith("app.mail")
    ]
    assert sorted(logged) == [f"A mail is in {file}" for file in files]
