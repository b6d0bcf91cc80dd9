"""Cursors that no list has returned."""

import base64

# The list's name and an id come before the position.
_BEFORE = 8 + 36 + 1


def moved(cursor: str, position: str) -> str:
    """Return the cursor of a list with another position: a moment, a number or a text."""
    decoded = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    return base64.urlsafe_b64encode(decoded[:_BEFORE] + position.encode()).decode().rstrip("=")
