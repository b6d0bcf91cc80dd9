"""Sends what is in the outbox, at least once, in the background of the service.

A mail is taken for a while, sent, and only then removed. If this process dies in between, another
one sends it again; if the mail server is away, it is tried again later.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime

import aiosmtplib
from prisma import Prisma

from app.mail import outbox, transports
from app.mail.outbox import Mail
from app.settings import Settings

log = logging.getLogger(__name__)

LOOK_EVERY = 3.0  # seconds; other processes put mail in too
AT_ONCE = 10

# Answers that concern one mail; the next may still go.
_OF_ONE_MAIL = (
    aiosmtplib.SMTPRecipientsRefused,
    aiosmtplib.SMTPSenderRefused,
    aiosmtplib.SMTPDataError,
    ValueError,
)


class Sender:
    """Sends mail while `run` runs; woken by `wake_sender`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_away = False

    async def run(self, owner: Prisma) -> None:
        woken = outbox.listen()
        try:
            while True:
                woken.clear()
                while await self._send_due(owner) == AT_ONCE:
                    pass
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY):
                        await woken.wait()
        finally:
            outbox.stop_listening(woken)

    async def _send_due(self, owner: Prisma) -> int:
        """One round; how many mails it dealt with before the server was away."""
        mails = await outbox.claim(owner, most=AT_ONCE)
        if not mails:
            return 0
        done = 0
        try:
            async with transports.open_transport(self._settings) as send:
                for mail in mails:
                    await self._send(owner, send, mail)
                    done += 1
        except (aiosmtplib.SMTPException, OSError) as error:
            if done < len(mails):  # else it was the farewell that failed
                # The one that was under way comes last: the server may have died of it.
                await self._note_away(owner, [*mails[done + 1 :], mails[done]], error)
                return done
        if self._is_away:
            self._is_away = False
            log.info("Mail can be sent again.")
        return done

    async def _send(self, owner: Prisma, send: transports.Send, mail: Mail) -> None:
        try:
            await send(mail)
        except transports.Refused as refusal:
            log.warning("Mail %s is refused for good and dropped: %s", mail.id, refusal)
        except _OF_ONE_MAIL as error:
            log.warning("Mail %s is not taken, trying on: %s", mail.id, _reason(error))
            await self._retry_later(owner, mail, error)
            return
        await outbox.remove(owner, mail)

    async def _note_away(self, owner: Prisma, mails: list[Mail], error: Exception) -> None:
        if not self._is_away:
            self._is_away = True
            log.warning("Mail cannot be sent, trying on: %s", _reason(error))
        for mail in mails:
            await self._retry_later(owner, mail, error)

    async def _retry_later(self, owner: Prisma, mail: Mail, error: Exception) -> None:
        if datetime.now(UTC) - mail.created > outbox.LIFETIME:
            log.error("Mail %s could not be sent for days and is dropped.", mail.id)
            await outbox.remove(owner, mail)
        else:
            await outbox.retry_later(owner, mail, _reason(error))


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
