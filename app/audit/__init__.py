"""Who did what to which workspace, when: written with what was done, never changed."""

from app.audit.trail import AuditEntry, entries, record

__all__ = ["AuditEntry", "entries", "record"]
