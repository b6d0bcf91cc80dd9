"""Mail: put into an outbox with what it belongs to, sent afterwards."""

from app.mail.outbox import enqueue, wake_sender
from app.mail.sender import Sender

__all__ = ["Sender", "enqueue", "wake_sender"]
