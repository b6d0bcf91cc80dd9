"""Numbers in texts that clients choose."""

import re

# As many digits as every integer column can hold.
_COUNT = re.compile(r"[1-9][0-9]{0,8}")


def to_count(text: str) -> int | None:
    """Return the number, counted from 1, that a text writes without leading zeros, or None."""
    return int(text) if _COUNT.fullmatch(text) else None
