"""Mail, from the outbox to a mail server or a folder."""

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

from app import background, mail
from app.mail import outbox
from app.settings import Settings, load
from tests.fix_service import SECRET_KEY

LIMIT = 20.0


class Inbox:
    """What a real mail server took; `says` are its answers, `dies_of` is a recipient."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.says: dict[str, str] = {}
        self.dies_of = ""

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, _server: object, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        if address in self.says:
            return self.says[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  (aiosmtpd's name)
        self, server: Any, _session: object, envelope: Any
    ) -> str:
        if self.dies_of in envelope.rcpt_tos:
            server.transport.abort()
            return ""
        message = message_from_bytes(envelope.content, policy=policy.default)
        self.messages.append((envelope.rcpt_tos, message))
        return "250 OK"


class MailServer:
    """A mail server that can be stopped and started again, at one port."""

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
    made = MailServer()
    yield made
    await asyncio.to_thread(made.stop)


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Callable[..., Settings]:
    def make(**more: str) -> Settings:
        given = {"DATABASE_URL": database, "SECRET_KEY": SECRET_KEY, "MAIL_FROM": "t@example.org"}
        return load({**given, **more}, env_file=tmp_path / "no.env", data=tmp_path)

    return make


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same pauses, only shorter."""
    monkeypatch.setattr(outbox, "FIRST_PAUSE", timedelta(milliseconds=50))
    monkeypatch.setattr(outbox, "LONGEST_PAUSE", timedelta(milliseconds=200))
    monkeypatch.setattr("app.mail.sender.LOOK_EVERY", 0.1)
    monkeypatch.setattr(background, "_PAUSE", 0.1)


async def until(is_so: Callable[[], Awaitable[bool]], what: str) -> None:
    limit = time.monotonic() + LIMIT
    while not await is_so():
        if time.monotonic() > limit:
            pytest.fail(f"it never comes that {what}")
        await asyncio.sleep(0.02)


async def until_empty(owner: Prisma) -> None:
    async def is_empty() -> bool:
        return await owner.outboxmail.count() == 0

    await until(is_empty, "the outbox is empty")


async def test_mail_goes_out_after_the_commit_and_only_then(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer
):
    """What is committed is sent and removed; what is rolled back was never there."""
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
            await asyncio.sleep(0.3)  # the sender looks several times in this while
            assert mail_server.inbox.messages == []
        mail.wake_sender()
        await until_empty(owner)

    ((recipients, message),) = mail_server.inbox.messages
    assert recipients == ["ann@example.com"]
    assert message["From"] == "t@example.org"
    assert message["To"] == "ann@example.com"
    assert message["Subject"] == "Grüße"
    assert message["Message-ID"].endswith("@example.org>")
    assert message["Date"].datetime > datetime.now(UTC) - timedelta(minutes=5)
    assert message.get_content().replace("\r\n", "\n") == "Zoë\n.\nend\n"


async def test_nothing_is_lost_while_the_mail_server_is_away(
    owner: Prisma,
    settings: Callable[..., Settings],
    mail_server: MailServer,
    caplog: pytest.LogCaptureFixture,
):
    """It waits, is tried again and again, says so once, and arrives when the server is back."""
    caplog.set_level(logging.INFO, "app.mail")

    async def was_tried() -> bool:
        rows = await owner.outboxmail.find_many()
        return len(rows) == 25 and all(row.attempts > 1 and row.lastError for row in rows)

    async with background.background_tasks(
        settings(SMTP_URL=f"smtp://127.0.0.1:{mail_server.port}")
    ):
        for number in range(25):
            await mail.enqueue(owner, to="ann@example.com", subject=f"Mail {number}", text="x")
        await until(was_tried, "every mail was tried twice")
        mail_server.start()
        await until_empty(owner)

    subjects = {message["Subject"] for _, message in mail_server.inbox.messages}
    assert subjects == {f"Mail {number}" for number in range(25)}
    said = [record.getMessage() for record in caplog.records if record.name == "app.mail.sender"]
    assert [line.partition(",")[0] for line in said] == [
        "Mail cannot be sent",
        "Mail can be sent again.",
    ]


async def test_mail_waits_for_the_next_start(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer
):
    """What a stopped service leaves behind the next one sends."""
    url = f"smtp://127.0.0.1:{mail_server.port}"
    await mail.enqueue(owner, to="ann@example.com", subject="Hello", text="x")

    async def was_tried() -> bool:
        return (await owner.outboxmail.find_first_or_raise()).lastError is not None

    async with background.background_tasks(settings(SMTP_URL=url)):
        await until(was_tried, "it was tried")
    mail_server.start()
    async with background.background_tasks(settings(SMTP_URL=url)):
        await until_empty(owner)

    assert len(mail_server.inbox.messages) == 1


async def test_a_sender_that_died_leaves_its_mail_to_others(owner: Prisma):
    """What one has taken nobody else takes, until its time is over."""
    for number in range(5):
        await mail.enqueue(owner, to="ann@example.com", subject=f"{number}", text="x")

    taken = await asyncio.gather(*(outbox.claim(owner, most=2) for _ in range(4)))
    ids = [item.id for mails in taken for item in mails]
    assert len(ids) == len(set(ids)) == 5
    assert await outbox.claim(owner, most=9) == []

    await owner.outboxmail.update_many(where={}, data={"nextAttemptAt": datetime.now(UTC)})
    again = await outbox.claim(owner, most=9)
    assert {item.id for item in again} == set(ids)
    assert {item.attempts for item in again} == {2}


async def test_one_that_is_refused_does_not_hold_up_the_others(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer
):
    """A recipient that the server will never take is dropped; one that is busy is tried again."""
    mail_server.inbox.says = {
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

        await until(is_busy_left, "only the busy one is left")
        assert [recipients for recipients, _ in mail_server.inbox.messages] == [["ann@example.com"]]
        mail_server.inbox.says = {}
        await until_empty(owner)

    assert mail_server.inbox.messages[-1][0] == ["busy@example.com"]


async def test_a_server_that_dies_of_one_mail_gets_the_others(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer
):
    """Nothing is lost when a connection ends halfway; what ended it stands behind the rest."""
    mail_server.inbox.dies_of = "poison@example.com"
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

        await until(is_poison_left, "all others are sent")
        mail_server.inbox.dies_of = ""
        await until_empty(owner)

    assert mail_server.inbox.messages[-1][0] == ["poison@example.com"]


async def test_mail_that_nobody_took_for_days_is_dropped(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer
):
    """Its links are of no use any more; the log says so."""
    await mail.enqueue(owner, to="ann@example.com", subject="Hello", text="x")
    await owner.outboxmail.update_many(
        where={}, data={"createdAt": datetime.now(UTC) - timedelta(days=6)}
    )
    async with background.background_tasks(
        settings(SMTP_URL=f"smtp://127.0.0.1:{mail_server.port}")
    ):
        await until_empty(owner)


async def test_a_password_is_not_sent_in_clear(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer
):
    """With a password, and a server without TLS, nothing is sent; the mail stays."""
    mail_server.start()
    url = f"smtp://user:secret@127.0.0.1:{mail_server.port}"
    async with background.background_tasks(settings(SMTP_URL=url)):
        await mail.enqueue(owner, to="ann@example.com", subject="Hello", text="x")

        async def was_tried() -> bool:
            return (await owner.outboxmail.find_first_or_raise()).lastError is not None

        await until(was_tried, "it was tried")

    row = await owner.outboxmail.find_first_or_raise()
    assert "STARTTLS" in (row.lastError or "")
    assert "secret" not in (row.lastError or "")
    assert mail_server.inbox.messages == []


async def test_headers_cannot_be_smuggled_in(
    owner: Prisma, settings: Callable[..., Settings], mail_server: MailServer
):
    """A line break in a subject or an address makes no header and no recipient."""
    mail_server.start()
    await mail.enqueue(owner, to="a@example.com", subject="Hi\r\nBcc: b@example.com", text="x")
    await mail.enqueue(owner, to="a@example.com\r\nBcc: b@example.com", subject="Hi", text="x")

    async def was_tried() -> bool:
        rows = await owner.outboxmail.find_many()
        return len(rows) == 1 and rows[0].lastError is not None

    async with background.background_tasks(
        settings(SMTP_URL=f"smtp://127.0.0.1:{mail_server.port}")
    ):
        await until(was_tried, "one is sent and one is refused")

    ((recipients, message),) = mail_server.inbox.messages
    assert recipients == ["a@example.com"]
    assert message["Bcc"] is None
    assert message["Subject"] == "Hi Bcc: b@example.com"


async def test_in_development_mail_goes_into_a_folder(
    owner: Prisma,
    settings: Callable[..., Settings],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
):
    """One file a message, for its owner's eyes; the log has the path and no secret."""
    caplog.set_level(logging.INFO, "app.mail")
    folder = tmp_path / "mail"
    async with background.background_tasks(settings(MAIL_FOLDER=str(folder))):
        for name in ("ann", "bob"):
            await mail.enqueue(
                owner, to=f"{name}@example.com", subject="Hello", text="#token=s3cret"
            )
        await until_empty(owner)

    files = sorted(folder.iterdir())
    assert len(files) == 2
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    message = message_from_bytes(files[0].read_bytes(), policy=policy.default)
    assert message.get_content().strip() == "#token=s3cret"
    said = [record.getMessage() for record in caplog.records if record.name.startswith("app.mail")]
    assert sorted(said) == [f"A mail is in {file}" for file in files]
