"""Mail: queued in the transaction of what it reports, sent afterwards."""

from app.mail.mailboxes import mailbox
from app.mail.names import display_name
from app.mail.outbox import enqueue, wake_sender
from app.mail.sender import Sender

__all__ = ["Sender", "display_name", "enqueue", "mailbox", "wake_sender"]
