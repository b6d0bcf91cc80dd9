"""What the log says of requests.

Paths are shortened, since a client chooses their length. Queries of webhooks are left out, since
Meta sends the verify token in one.
"""

import logging

MAX_LOGGED_PATH = 300
_WEBHOOKS = "/v1/webhooks/"


def shorten_path(path: str) -> str:
    """Return the path, or its beginning and its length."""
    if len(path) <= MAX_LOGGED_PATH:
        return path
    return f"{path[:MAX_LOGGED_PATH]}... ({len(path)} characters)"


def _path_to_log(path: str) -> str:
    """Return what the log says of a path with its query."""
    bare, _, query = path.partition("?")
    if query and bare.startswith(_WEBHOOKS):
        path = f"{bare}?..."
    return shorten_path(path)


class _Paths(logging.Filter):
    """Changes the path in uvicorn's access log: address, method, path, version, status."""

    def filter(self, record: logging.LogRecord) -> bool:
        match record.args:
            case (address, method, str(path), *rest):
                record.args = (address, method, _path_to_log(path), *rest)
            case _:
                pass
        return True


_FILTER = _Paths()


def limit_logged_paths() -> None:
    """Limit what the access log says of paths."""
    logging.getLogger("uvicorn.access").addFilter(_FILTER)
