"""Mail: put into an outbox with what it belongs to, sent afterwards."""

TABLES = ("OutboxMail",)

__all__ = ["TABLES"]
