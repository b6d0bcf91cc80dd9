"""How many mails users may cause to one recipient."""

from datetime import timedelta

from app import mail
from app.auth import throttle

# Of all senders together: another account or workspace does not multiply what somebody gets.
_TO_ONE_RECIPIENT = throttle.Limit("mails of others to recipient", 20, timedelta(days=1))


async def count_mail(email: str) -> None:
    """Count an invitation or offer to an address, whoever causes it; raise 429."""
    await throttle.attempt(_TO_ONE_RECIPIENT, mail.mailbox(email))
