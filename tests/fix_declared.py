"""Checks every response that a test gets against the API's description."""

import re
from typing import Any

import httpx

# Responses without a route.
WITHOUT_ROUTE = (404, 405)


class Declared:
    """The responses that the API's description declares."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._paths = [
            (re.compile(re.sub(r"{\w+}", "[^/]+", path)), methods)
            for path, methods in description["paths"].items()
        ]

    async def check(self, answer: httpx.Response) -> None:
        """Fail unless the response's status, content type and headers are declared."""
        asked = f"{answer.request.method} {answer.request.url.path}: {answer.status_code}"
        operation = self._operation(answer.request)
        if operation is None:
            assert answer.status_code in WITHOUT_ROUTE, asked
            return
        declared = operation["responses"].get(str(answer.status_code))
        assert declared is not None, f"{asked} is not declared"
        kinds = list(declared.get("content", {}))
        kind = answer.headers.get("content-type")
        assert kind in kinds if kinds else kind is None, f"{asked} with {kind}, not {kinds}"
        missing = [name for name in declared.get("headers", {}) if name not in answer.headers]
        assert not missing, f"{asked} without {missing}"

    def _operation(self, request: httpx.Request) -> dict[str, Any] | None:
        for path, methods in self._paths:
            if path.fullmatch(request.url.path):
                return methods.get(request.method.lower())
        return None
