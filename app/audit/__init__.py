"""The audit trail: who did what in which tenancy, and when. Events are never changed."""

from app.audit.trail import AuditEntry, Trail, entries, record, record_each

__all__ = ["AuditEntry", "Trail", "entries", "record", "record_each"]
