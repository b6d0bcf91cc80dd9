"""Which e-mail addresses every mail server and every parser reads in the same way."""

import re

MAX_LENGTH = 254  # of an SMTP path, RFC 5321
MAX_LOCAL_LENGTH = 64

# Left out of RFC 5322's atoms: `?`, so that no encoded word ("=?utf-8?q?victim?=") can be decoded
# into another address, and ! % | and the backtick, by which servers route mail or run programs.
_ATOM = r"[A-Za-z0-9#$&'*+/=^_{}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})*")


def is_unambiguous(address: str) -> bool:
    """Return whether the address is plain ASCII without quoting, comments, routes or encodings."""
    match = _ADDRESS.fullmatch(address) if len(address) <= MAX_LENGTH else None
    return match is not None and len(match["local"]) <= MAX_LOCAL_LENGTH
