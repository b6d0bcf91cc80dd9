"""What must be made anew in a child process after a fork.

A fork copies locks as they are at that moment, and of the threads only the one that forks: a lock
that another one holds is never released in the child.
"""

from __future__ import annotations

import os
import weakref
from typing import Final, Protocol


class Inherited(Protocol):
    """Something that a child process takes over from its parent."""

    def renew(self) -> None:
        """Forget whatever threads of the parent were doing."""
        ...


_inherited: Final[weakref.WeakSet[Inherited]] = weakref.WeakSet()


def renew_in_child(inherited: Inherited) -> None:
    """Have `renew` called in every child process, before anything else runs there."""
    _inherited.add(inherited)


def _renew_all() -> None:
    for inherited in list(_inherited):
        inherited.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
