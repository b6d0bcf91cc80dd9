"""The error that the command line prints without a traceback."""


class BenchError(Exception):
    """A step failed; the message says what to do or where to look."""
