"""Send the mails of the outbox at least once, in the background of the service.

A sender claims a mail for a while, sends it, and only then removes it. If this process dies in
between, another one sends the mail again; if the mail server is unavailable, it is retried later.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime

import aiosmtplib
from prisma import Prisma

from app.kit.characters import has_control
from app.mail import outbox, transports
from app.mail.outbox import Mail
from app.mail.verification import UnsafeMessageError
from app.settings import Settings

log = logging.getLogger(__name__)

POLL_EVERY = 3.0  # seconds; other processes queue mail too
BATCH = 10
_MAX_REASON = 500

# Errors that concern a single mail; the next one may still be accepted.
_ERRORS_OF_ONE_MAIL = (
    aiosmtplib.SMTPRecipientsRefused,
    aiosmtplib.SMTPSenderRefused,
    aiosmtplib.SMTPDataError,
    ValueError,
)


class Sender:
    """Sends mail while `run` runs; `wake_sender` wakes it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_unavailable = False

    async def run(self, owner: Prisma) -> None:
        """Send what is due, forever."""
        woken = outbox.listen()
        try:
            while True:
                woken.clear()
                while await self._send_due(owner) == BATCH:
                    pass
                with suppress(TimeoutError):
                    async with asyncio.timeout(POLL_EVERY):
                        await woken.wait()
        finally:
            outbox.stop_listening(woken)

    async def _send_due(self, owner: Prisma) -> int:
        """Send one batch; return how many mails were handled before the server failed."""
        mails = await outbox.claim(owner, most=BATCH)
        if not mails:
            return 0
        done = 0
        try:
            async with transports.open_transport(self._settings) as send:
                for mail in mails:
                    await self._send(owner, send, mail)
                    done += 1
        except (aiosmtplib.SMTPException, OSError) as error:
            if done < len(mails):  # otherwise only closing the connection failed
                # The mail that was being sent comes last: it may be what the server failed on.
                await self._server_failed(owner, [*mails[done + 1 :], mails[done]], error)
                return done
        if self._is_unavailable:
            self._is_unavailable = False
            log.info("The mail server is available again.")
        return done

    async def _send(self, owner: Prisma, send: transports.Send, mail: Mail) -> None:
        try:
            await send(mail)
        except UnsafeMessageError as error:
            log.error("Mail %s is not safe to send and was dropped: %s", mail.id, _reason(error))  # noqa: TRY400  (the traceback has the mail's text)
        except transports.RecipientRefusedError as refusal:
            log.warning(
                "Mail %s was refused permanently and dropped: %s", mail.id, _reason(refusal)
            )
        except _ERRORS_OF_ONE_MAIL as error:
            log.warning("Mail %s was not accepted, retrying: %s", mail.id, _reason(error))
            await self._retry_later(owner, mail, error)
            return
        await outbox.remove(owner, mail)

    async def _server_failed(self, owner: Prisma, mails: list[Mail], error: Exception) -> None:
        """Log the first of several failures, and retry the mails later."""
        if not self._is_unavailable:
            self._is_unavailable = True
            log.warning("The mail server is unavailable, retrying: %s", _reason(error))
        for mail in mails:
            await self._retry_later(owner, mail, error)

    async def _retry_later(self, owner: Prisma, mail: Mail, error: Exception) -> None:
        if datetime.now(UTC) - mail.created > outbox.LIFETIME:
            log.error("Mail %s could not be sent for days and is dropped.", mail.id)
            await outbox.remove(owner, mail)
        else:
            await outbox.retry_later(owner, mail, _reason(error))


def _reason(error: Exception) -> str:
    """Return an error as one line of visible text: a mail server may answer with anything."""
    text = "".join(" " if has_control(char) else char for char in str(error))
    return " ".join(text.split())[:_MAX_REASON] or type(error).__name__
