"""The response to a stored secret that cannot be decrypted."""

import logging

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from app.encryption.cipher import UnreadableSecret
from app.http.problems import render

log = logging.getLogger(__name__)

_RETRY_AFTER = {"Retry-After": "60"}  # an operator has to act


def install(app: FastAPI) -> None:
    """Answer 503 on any route that needs a secret which does not open, and log which one."""

    @app.exception_handler(UnreadableSecret)
    async def _unreadable(_: Request, error: UnreadableSecret) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        log.error("%s", error)
        return render(
            503,
            "secret_unreadable",
            "A stored secret cannot be decrypted; the service's log says which one.",
            headers=_RETRY_AFTER,
        )
