"""Where mail goes: to an SMTP server, or in development into a folder."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.mail.outbox import Mail
from app.settings import Settings

log = logging.getLogger(__name__)

LIMIT = 20.0  # seconds to connect, and then for each mail

# Sends one mail; raises Refused, or what the server or the folder is at odds with.
Send = Callable[[Mail], Awaitable[None]]


class Refused(Exception):  # noqa: N818  (what the server says, no error of ours)
    """The server will never take a mail for this recipient."""


def open_transport(settings: Settings) -> AbstractAsyncContextManager[Send]:
    """What sends the mails of one round."""
    if settings.smtp_url is None:
        return _folder(settings.mail_folder, settings.mail_from)
    return _smtp(settings.smtp_url.get_secret_value(), settings.mail_from)


@asynccontextmanager
async def _smtp(url: str, sender: str) -> AsyncGenerator[Send]:
    parts = urlsplit(url)
    is_tls = parts.scheme == "smtps"
    client = aiosmtplib.SMTP(
        hostname=parts.hostname,
        port=parts.port or (465 if is_tls else 587),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        use_tls=is_tls,
        # A password never goes over the wire in clear; without one TLS is taken where offered.
        start_tls=None if is_tls or not parts.password else True,
        timeout=LIMIT,
    )

    async def send(mail: Mail) -> None:
        try:
            async with asyncio.timeout(LIMIT):
                await client.send_message(_message(mail, sender), recipients=[mail.recipient])
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(refusal.code >= 500 for refusal in error.recipients):
                raise Refused(error.recipients[0].message) from error
            raise

    async with client:
        yield send


@asynccontextmanager
async def _folder(folder: Path, sender: str) -> AsyncGenerator[Send]:
    async def send(mail: Mail) -> None:
        path = folder / f"{mail.created:%Y%m%dT%H%M%S}-{mail.id}.eml"
        await asyncio.to_thread(_write, path, _message(mail, sender).as_bytes())
        log.info("A mail is in %s", path)

    yield send


def _write(path: Path, content: bytes) -> None:
    """For the eyes of the folder's owner, and at once whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_suffix(".part")
    made.touch(0o600)
    made.write_bytes(content)
    made.rename(path)


def _message(mail: Mail, sender: str) -> EmailMessage:
    """The message; one that is sent twice has the same id, by which mail programs know it."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created)
    message["Message-ID"] = f"<{mail.id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    # Plain as far as it goes, so that links stay whole in the files of development too.
    message.set_content(mail.text, cte="7bit" if mail.text.isascii() else "quoted-printable")
    return message
