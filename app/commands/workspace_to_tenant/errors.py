"""What stops a conversion: whoever runs the command can correct it."""

from app.kit.errors import OperatorError


class ConversionError(OperatorError):
    """The conversion cannot take this step; the message, one line, says why."""


def unknown_workspace(workspace: str) -> ConversionError:
    return ConversionError(f"There is no workspace {workspace!r}.")


def malformed_workspace(workspace: str) -> ConversionError:
    return ConversionError(
        f"{workspace!r} is not the id of a workspace, which has 10 to 20 letters and digits."
    )


def not_converted(workspace: str) -> ConversionError:
    return ConversionError(f"The workspace {workspace!r} has no tenant.")


def domain_taken(domain: str) -> ConversionError:
    return ConversionError(f"--domain: {domain} belongs to another tenant.")
