"""WhatsApp channels of tenants: the helpers that others build on."""

from app.whatsapp.lookup import (
    find_by_number_ids,
    find_by_verify_token,
    hash_verify_token,
    open_app_secret,
    open_verify_token,
)

__all__ = [
    "find_by_number_ids",
    "find_by_verify_token",
    "hash_verify_token",
    "open_app_secret",
    "open_verify_token",
]
