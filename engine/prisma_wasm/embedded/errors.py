"""What goes wrong with an embedded server, in words that say what to do."""


class EmbeddedError(RuntimeError):
    """The embedded PostgreSQL server cannot do what was asked; the message names the folder."""
