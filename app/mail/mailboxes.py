"""Which addresses share a mailbox."""


def mailbox(email: str) -> str:
    """Return the address without the tag after a `+`, by which throttles count mails.

    Most providers deliver `ann+tag@example.com` to `ann@example.com`; where they do not, the two
    addresses share their limits.
    """
    local, _, domain = email.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"
