"""What ends a benchmark with one sentence."""


class BenchError(Exception):
    """A step failed; the message says what to do or where to look."""
