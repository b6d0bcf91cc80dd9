"""The audit trail: who did what in which workspace, and when. Events are never changed."""

from app.audit.trail import AuditEntry, entries, record

__all__ = ["AuditEntry", "entries", "record"]
