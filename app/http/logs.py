"""What the log says of requests: paths are shortened, since a client chooses their length."""

import logging

MAX_LOGGED_PATH = 300


def shorten_path(path: str) -> str:
    """Return the path, or its beginning and its length."""
    if len(path) <= MAX_LOGGED_PATH:
        return path
    return f"{path[:MAX_LOGGED_PATH]}... ({len(path)} characters)"


class _ShortPaths(logging.Filter):
    """Shortens the path in uvicorn's access log: address, method, path, version, status."""

    def filter(self, record: logging.LogRecord) -> bool:
        match record.args:
            case (address, method, str(path), *rest) if len(path) > MAX_LOGGED_PATH:
                record.args = (address, method, shorten_path(path), *rest)
            case _:
                pass
        return True


_FILTER = _ShortPaths()


def shorten_logged_paths() -> None:
    """Shorten the paths in the access log."""
    logging.getLogger("uvicorn.access").addFilter(_FILTER)
