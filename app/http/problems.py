"""Error responses: RFC 9457 problem documents with a stable code."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from app.http.logs import shorten_path

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

_SCHEMAS = "#/components/schemas/"
# A body may have hundreds of invalid fields; the response names the first of them.
MAX_ERRORS = 50
# RFC 9110's phrases; Python before 3.13 has older ones.
_PHRASES = {413: "Content Too Large", 422: "Unprocessable Content"}
# Headers that responses with these statuses always have.
_HEADERS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


class FieldProblem(BaseModel):
    """An invalid field of the input."""

    field: str
    message: str


class Problem(HTTPException):
    """An error for the caller; `code` is stable, `detail` is a sentence for people.

    It is an HTTPException because FastAPI replaces any other exception while it reads a body.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: list[FieldProblem] | None = None,
        capabilities: list[str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, headers)
        self.code = code
        self.errors = errors
        self.capabilities = capabilities


class ProblemDocument(BaseModel):
    """The body of every error."""

    model_config = ConfigDict(title="Problem")

    type: str = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem] | None = None
    capabilities: Annotated[
        list[str] | None, Field(description="The capabilities that the caller lacks.")
    ] = None


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that may answer with these statuses."""
    return {status: _describe(status) for status in statuses}


def schemas() -> dict[str, Any]:
    """Return the schemas that `problems` refers to."""
    own = ProblemDocument.model_json_schema(ref_template=_SCHEMAS + "{model}")
    return {**own.pop("$defs"), own["title"]: own}


def _describe(status: int) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": phrase(status),
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_SCHEMAS}Problem"}}},
    }
    if header := _HEADERS.get(status):
        described["headers"] = {header: {"required": True, "schema": {"type": "string"}}}
    return described


def phrase(status: int) -> str:
    """Return a status's reason phrase, which is also its problems' title."""
    return _PHRASES.get(status) or HTTPStatus(status).phrase


def render(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[FieldProblem] | None = None,
    capabilities: list[str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return a response with a problem document."""
    if status == HTTPStatus.UNAUTHORIZED:  # RFC 9110 requires it, whatever the reason
        headers = {"WWW-Authenticate": "Bearer", **(headers or {})}
    document = ProblemDocument(
        title=phrase(status),
        status=status,
        code=code,
        detail=detail,
        errors=errors,
        capabilities=capabilities,
    )
    return JSONResponse(
        document.model_dump(exclude_none=True),
        status_code=status,
        headers=headers,
        media_type=MEDIA_TYPE,
    )


def install(app: FastAPI) -> None:
    """Render every error of `app` as a problem document."""

    @app.exception_handler(Problem)
    async def _problem(_: Request, problem: Problem) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        return render(
            problem.status_code,
            problem.code,
            problem.detail,
            errors=problem.errors,
            capabilities=problem.capabilities,
            headers=problem.headers,
        )

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            error.headers = {"Allow": ", ".join(_methods(app, request.url.path))}
        return render(
            error.status_code,
            phrase(error.status_code).lower().replace(" ", "_"),
            error.detail,
            headers=error.headers,
        )

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        errors = [
            FieldProblem(field=_field(item), message=_message(item))
            for item in error.errors()[:MAX_ERRORS]
        ]
        return render(422, "validation_failed", "The input is not valid.", errors=errors)

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, _: Exception) -> JSONResponse:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        # The exception is raised again after this handler, and the server logs its traceback.
        log.error("%s %s failed", request.method, shorten_path(request.url.path))
        return render(500, "internal_error", "The server failed unexpectedly.")


def _methods(app: FastAPI, path: str) -> list[str]:
    """Return the methods of all routes of a path; FastAPI names those of the first only."""
    # Whatever the method, a route tells whether the path is its own: each is matched only once.
    scope = {"type": "http", "method": "", "path": path}
    methods: set[str] = set()
    for route in app.routes:
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            methods |= route.methods or set()
    return sorted(methods)


def _message(error: dict[str, Any]) -> str:
    """Return what is wrong with a field. No message repeats the input, which may be a secret."""
    if error["type"] == "union_tag_invalid":
        return f"Input should be one of {error['ctx']['expected_tags']}"
    return error["msg"].removeprefix("Value error, ")


def _field(error: dict[str, Any]) -> str:
    """Return the field's name; the caller chose it, so it may not be encodable as UTF-8."""
    # For invalid JSON, the rest of the location is an offset.
    parts = error["loc"][:1] if error["type"] == "json_invalid" else error["loc"]
    return ".".join(map(str, parts)).encode("utf-8", "backslashreplace").decode()
