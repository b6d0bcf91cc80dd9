"""The base of the errors that whoever runs the service can correct."""


class OperatorError(Exception):
    """A fault of the set-up, not of the code; the message, one line, says how to correct it.

    The `tenantry` command prints it and fails.
    """
