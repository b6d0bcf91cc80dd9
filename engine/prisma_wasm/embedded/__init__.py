"""An embedded PostgreSQL for development and tests: started on demand, stopped when unused."""

from .errors import EmbeddedError
from .server import Server, Status, ensure, psql_command, reset, status, stop
from .temporary import temporary

__all__ = [
    "EmbeddedError",
    "Server",
    "Status",
    "ensure",
    "psql_command",
    "reset",
    "status",
    "stop",
    "temporary",
]
