"""What the tool chain says when it can't go on: one sentence on what failed, one on what to do."""


class ToolchainError(Exception):
    """A failure that a user can understand and mend; shown without a traceback."""

    def __init__(self, what: str, *, mend: str) -> None:
        super().__init__(f"{what}\n{mend}")
        self.what = what
        self.mend = mend


class StorageError(ToolchainError):
    """A disk or a folder is at fault: another place may do."""
