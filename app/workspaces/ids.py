"""Workspace ids: 10 to 20 letters and digits from a cryptographic source."""

import re
import secrets
import string
from typing import NewType

WorkspaceId = NewType("WorkspaceId", str)

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 15
_PATTERN = re.compile(r"[A-Za-z0-9]{10,20}")


def is_workspace_id(text: str) -> bool:
    """Return whether a text has the form of a workspace id."""
    return _PATTERN.fullmatch(text) is not None


def new_workspace_id() -> WorkspaceId:
    """Return a new id that nobody can guess."""
    return WorkspaceId("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)))
