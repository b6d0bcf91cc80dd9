"""Mail: put into an outbox with what it belongs to, sent afterwards."""

from app.mail.outbox import put, send_soon
from app.mail.sender import Sender

TABLES = ("OutboxMail",)

__all__ = ["TABLES", "Sender", "put", "send_soon"]
