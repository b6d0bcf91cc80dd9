"""The audit trail: who did what in which workspace, and when. Events are never changed."""

from app.audit.trail import AuditEntry, Trail, entries, record

__all__ = ["AuditEntry", "Trail", "entries", "record"]
