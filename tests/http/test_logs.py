"""Paths in the log."""

import logging

import pytest

import app.main
from app.http.logs import MAX_LOGGED_PATH

assert app.main  # it installs the filter


def logged(path: str, caplog: pytest.LogCaptureFixture) -> str:
    """Return what the access log says of a request for a path."""
    logger = logging.getLogger("uvicorn.access")
    with caplog.at_level(logging.INFO, logger="uvicorn.access"):
        logger.info('%s - "%s %s HTTP/%s" %d', "192.0.2.1:1", "GET", path, "1.1", 200)
    (message,) = caplog.messages
    return message


@pytest.mark.parametrize("name", ["hub.verify_token", "hub%2Everify_token"])
def test_no_query_of_a_webhook_is_logged(name: str, caplog: pytest.LogCaptureFixture):
    """Meta sends the verify token in it."""
    message = logged(f"/v1/webhooks/whatsapp?hub.mode=subscribe&{name}=secret", caplog)
    assert message == '192.0.2.1:1 - "GET /v1/webhooks/whatsapp?... HTTP/1.1" 200'


@pytest.mark.parametrize("length", [10, MAX_LOGGED_PATH, MAX_LOGGED_PATH + 1, 8000])
def test_the_access_log_shortens_paths(length: int, caplog: pytest.LogCaptureFixture):
    """The log grows by little for each request, however long its URL is."""
    path = "/" + "x" * (length - 1)
    message = logged(path, caplog)
    if length <= MAX_LOGGED_PATH:
        assert message == f'192.0.2.1:1 - "GET {path} HTTP/1.1" 200'
    else:
        assert f"xxx... ({length} characters) HTTP/1.1" in message
        assert len(message) < MAX_LOGGED_PATH + 100
