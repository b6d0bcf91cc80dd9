"""Impersonation: support staff act as a member, where an owner allows it, for a limited time."""

from app.impersonation.credentials import TenancyCredentials, record_refusal
from app.impersonation.writable import writable_while_impersonating

__all__ = ["TenancyCredentials", "record_refusal", "writable_while_impersonating"]
