"""Who did what to which workspace, when: written with what was done, never changed."""

from app.audit.trail import AuditEntry, entries, record

TABLES = ("AuditEvent",)

__all__ = ["TABLES", "AuditEntry", "entries", "record"]
