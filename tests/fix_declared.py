"""Check the responses in tests against the API's description."""

import re
from typing import Any

import httpx

# Status codes of responses that belong to no route.
WITHOUT_ROUTE = (404, 405)


class Declared:
    """The responses that the API's description declares."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._paths = [
            (re.compile(re.sub(r"{\w+}", "[^/]+", path)), methods)
            for path, methods in description["paths"].items()
        ]

    async def check(self, response: httpx.Response) -> None:
        """Fail unless the response's status, content type and headers are declared."""
        label = f"{response.request.method} {response.request.url.path}: {response.status_code}"
        operation = self._operation(response.request)
        if operation is None:
            assert response.status_code in WITHOUT_ROUTE, label
            return
        declared = operation["responses"].get(str(response.status_code))
        assert declared is not None, f"{label} is not declared"
        kinds = list(declared.get("content", {}))
        kind = response.headers.get("content-type")
        assert kind in kinds if kinds else kind is None, f"{label} with {kind}, not {kinds}"
        missing = [
            name
            for name, header in declared.get("headers", {}).items()
            if header.get("required") and name not in response.headers
        ]
        assert not missing, f"{label} without {missing}"

    def _operation(self, request: httpx.Request) -> dict[str, Any] | None:
        for path, methods in self._paths:
            if path.fullmatch(request.url.path):
                return methods.get(request.method.lower())
        return None
