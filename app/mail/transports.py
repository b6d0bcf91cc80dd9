"""Where mail goes: to an SMTP server, or in development into a folder."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import aiosmtplib

from app.mail.message import build
from app.mail.outbox import Mail
from app.settings import Settings

log = logging.getLogger(__name__)

LIMIT = 20.0  # seconds to connect, and then for each mail

# Sends one mail. Raises RecipientRefusedError, UnsafeMessageError, or the error of the server or
# the folder.
Send = Callable[[Mail], Awaitable[None]]


class RecipientRefusedError(Exception):
    """The server will never accept a mail for this recipient."""


def open_transport(settings: Settings) -> AbstractAsyncContextManager[Send]:
    """Return a context manager for one connection, which yields a function that sends a mail."""
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
        # Never send a password unencrypted; without a password use TLS if the server offers it.
        start_tls=None if is_tls or not parts.password else True,
        timeout=LIMIT,
    )

    async def send(mail: Mail) -> None:
        message = build(mail, sender)
        try:
            # Bytes, because send_message() would serialize an EmailMessage anew.
            async with asyncio.timeout(LIMIT):
                await client.sendmail(message.sender, message.recipient, message.content)
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(refusal.code >= 500 for refusal in error.recipients):
                raise RecipientRefusedError(error.recipients[0].message) from error
            raise

    async with client:
        yield send


@asynccontextmanager
async def _folder(folder: Path, sender: str) -> AsyncGenerator[Send]:
    async def send(mail: Mail) -> None:
        path = folder / f"{mail.created:%Y%m%dT%H%M%S}-{mail.id}.eml"
        # Files have the line endings of this system's other text files.
        content = build(mail, sender).content.replace(b"\r\n", b"\n")
        await asyncio.to_thread(_write, path, content)
        log.info("A mail is in %s", path)

    yield send


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, and that is complete when it appears."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.touch(0o600)
    unfinished.write_bytes(content)
    unfinished.rename(path)
