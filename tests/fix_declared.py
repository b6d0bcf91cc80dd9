"""Every answer that a test gets is held against the API's description."""

import re
from typing import Any

import httpx

# Of no route: they are the server's, before it is known which one is asked.
OF_THE_SERVER = (404, 405)


class Declared:
    """What the API's description says of answers."""

    def __init__(self, description: dict[str, Any]) -> None:
        self._paths = [
            (re.compile(re.sub(r"{\w+}", "[^/]+", path)), methods)
            for path, methods in description["paths"].items()
        ]

    async def check(self, answer: httpx.Response) -> None:
        """The answer's status and the kind of its content are among those that are declared."""
        asked = f"{answer.request.method} {answer.request.url.path}: {answer.status_code}"
        operation = self._operation(answer.request)
        if operation is None:
            assert answer.status_code in OF_THE_SERVER, asked
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
