"""The OpenAPI description: completes the responses that routes declare.

A route's own `responses` are those of its rules only. The responses that its query, its body and
its dependencies may cause are added here for all routes.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar

from fastapi import APIRouter, FastAPI, Response
from fastapi.dependencies.models import Dependant
from fastapi.encoders import jsonable_encoder
from fastapi.openapi.models import SecurityBase as SecurityScheme
from fastapi.routing import APIRoute
from fastapi.security.base import SecurityBase
from starlette.routing import BaseRoute

from app.http.bodies import body_stream
from app.http.origins import is_safe
from app.http.problems import problems, schemas

# A body that is malformed, too slow, too long or invalid. Routes without a body ignore it.
_BODY_STATUSES = (400, 408, 413, 422)
# One that is read while it arrives must also be of the declared media type.
_STREAM_STATUSES = (*_BODY_STATUSES, 415)
_QUERY_STATUSES = (422,)
# The database is unavailable, busy or not migrated.
_COMMON_STATUSES = (503,)
# FastAPI's own form of a 422, which this service never sends.
_FASTAPI_PROBLEMS = {"HTTPValidationError", "ValidationError"}
_SCHEMAS = "#/components/schemas/"

DependencyT = TypeVar("DependencyT", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class _Declared:
    """What a dependency declares: statuses and headers of responses, path parameters it reads."""

    statuses: tuple[int, ...]
    unsafe: tuple[int, ...]
    path: Mapping[str, str]
    headers: Mapping[str, str]


_declarations: dict[Callable[..., Any] | None, _Declared] = {}


def declare_responses(
    *statuses: int,
    unsafe: tuple[int, ...] = (),
    path: Mapping[str, str] = MappingProxyType({}),
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Callable[[DependencyT], DependencyT]:
    """Declare the problems that a dependency, or every instance of a class, may raise.

    Those in `unsafe` come only on methods that change something. `path` describes, by name, the
    path parameters that it reads from the request itself, `headers` those that it may add to any
    response.
    """

    def declare(dependency: DependencyT) -> DependencyT:
        _declarations[dependency] = _Declared(statuses, unsafe, path, headers)
        return dependency

    return declare


class SecurityWithAlternatives(SecurityBase):
    """A security dependency that accepts any one of several schemes: its own, or an alternative."""

    alternatives: ClassVar[Mapping[str, SecurityScheme]] = {}


class DocumentedRoute(APIRoute):
    """A route that declares every response that may come.

    FastAPI's option `max_body_size` raises or lowers the limit of bodies for the route; the
    BodyLimitMiddleware enforces it, and the limits of a BodyStream.
    """

    max_body_bytes: int | None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        if options.get("status_code") == HTTPStatus.NO_CONTENT:
            options["response_class"] = Response  # an empty response is not JSON
        # FastAPI's own middleware would answer with a 413 of another form.
        self.max_body_bytes = options.pop("max_body_size", None)
        super().__init__(*arguments, **options)
        self.body_stream = body_stream(self.endpoint)
        declarations = list(_find_declarations(self.dependant))
        self.alternative_schemes = _find_alternatives(self.dependant)
        if self.alternative_schemes:
            no_scopes = list[str]()
            self._extend_openapi(
                "security", [{name: no_scopes} for name in self.alternative_schemes]
            )
        self._describe_parameters(declarations)
        if self.max_body_bytes:
            body = (self.openapi_extra or {}).get("requestBody", {})
            limit = {"description": f"{self.max_body_bytes} bytes."}
            self._extend_openapi("requestBody", {**body, **limit})
        if self.body_stream:
            content = {self.body_stream.media_type: {"schema": {"type": "string"}}}
            described = f"At most {self.body_stream.max_bytes} bytes."
            self._extend_openapi(
                "requestBody", {"required": True, "content": content, "description": described}
            )
        self._complete_responses(declarations)

    def _describe_parameters(self, declarations: list[_Declared]) -> None:
        in_path = {name: text for each in declarations for name, text in each.path.items()}
        if unknown := in_path.keys() - self.param_convertors.keys():
            raise TypeError(f"{self.path} has no parameter {', '.join(unknown)}.")
        if in_path:
            self._extend_openapi("parameters", [_parameter(*item) for item in in_path.items()])

    def _complete_responses(self, declarations: list[_Declared]) -> None:
        of_body = (
            _STREAM_STATUSES if self.body_stream else _BODY_STATUSES if self.body_field else ()
        )
        of_query = _QUERY_STATUSES if self.dependant.query_params else ()
        is_unsafe = not all(map(is_safe, self.methods or ()))
        of_dependencies = [
            status
            for each in declarations
            for status in (*each.statuses, *(each.unsafe if is_unsafe else ()))
        ]
        responses = {
            **problems(*of_dependencies, *of_body, *of_query, *_COMMON_STATUSES),
            **self.responses,
        }
        headers = {
            name: {"description": text, "schema": {"type": "string"}}
            for each in declarations
            for name, text in each.headers.items()
        }
        if headers:
            responses.setdefault(self.status_code or HTTPStatus.OK.value, {})
            for response in responses.values():
                response["headers"] = {**response.get("headers", {}), **headers}
        self.responses = {status: responses[status] for status in sorted(responses, key=str)}

    def _extend_openapi(self, name: str, value: object) -> None:
        self.openapi_extra = {**(self.openapi_extra or {}), name: value}


def domain_router() -> APIRouter:
    """Return a router for a domain's routes, below /v1."""
    return APIRouter(
        prefix="/v1", route_class=DocumentedRoute, generate_unique_id_function=operation_id
    )


def describe(app: FastAPI) -> None:
    """Make `app.openapi()` describe the responses that really come."""
    described_by_fastapi = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = _with_parameters_in_order(described_by_fastapi())
            described = _without_fastapi_problems(described)
            described = _with_alternative_schemes(described, app.routes)
            app.openapi_schema = _with_titles(_with_complete_responses(described))
            app.openapi_schema["components"]["schemas"] |= schemas()
        return app.openapi_schema

    app.openapi = openapi


def operation_id(route: APIRoute) -> str:
    """Return the handler's name in camel case: `listWorkspaces` for `list_workspaces`."""
    first, *others = route.name.split("_")
    return first + "".join(word.title() for word in others)


def _without_fastapi_problems(described: dict[str, Any]) -> dict[str, Any]:
    """Remove the 422 responses that FastAPI adds for every parameter."""
    for methods in described["paths"].values():
        for operation in methods.values():
            if _FASTAPI_PROBLEMS & _referenced_in(operation["responses"].get("422")):
                del operation["responses"]["422"]
    for name in _FASTAPI_PROBLEMS:
        described["components"]["schemas"].pop(name, None)
    return described


def _with_parameters_in_order(described: dict[str, Any]) -> dict[str, Any]:
    """Put path parameters first, in the path's order."""
    for path, methods in described["paths"].items():
        for operation in methods.values():
            operation.get("parameters", []).sort(key=partial(_position, path))
    return described


def _with_alternative_schemes(
    described: dict[str, Any], routes: Iterable[BaseRoute]
) -> dict[str, Any]:
    """Define the schemes that routes accept besides those that FastAPI knows of."""
    for route in routes:
        if isinstance(route, DocumentedRoute):
            for name, scheme in route.alternative_schemes.items():
                described["components"]["securitySchemes"][name] = jsonable_encoder(
                    scheme, exclude_none=True
                )
    return described


def _with_complete_responses(described: dict[str, Any]) -> dict[str, Any]:
    """Require every field of responses, which may be null; bodies may omit those with defaults."""
    named = described["components"]["schemas"]
    bodies: set[str] = set()
    found = _referenced_in(
        [
            operation.get("requestBody")
            for path in described["paths"].values()
            for operation in path.values()
        ]
    )
    while found:
        bodies |= found
        found = _referenced_in([named[name] for name in found]) - bodies
    for name in named.keys() - bodies:
        if "properties" in named[name]:
            named[name]["required"] = list(named[name]["properties"])
    return described


def _with_titles(described: dict[str, Any]) -> dict[str, Any]:
    """Name generic models by their titles: `PersonPage`, not `Page_Person_`."""
    text = json.dumps(described)
    for name, schema in described["components"]["schemas"].items():
        if title := schema.get("title"):
            text = text.replace(f'{_SCHEMAS}{name}"', f'{_SCHEMAS}{title}"').replace(
                f'"{name}": {{', f'"{title}": {{'
            )
    return json.loads(text)


def _referenced_in(part: object) -> set[str]:
    """Return the names of the schemas that a part of the description refers to."""
    return set(re.findall(rf'"{_SCHEMAS}(\w+)"', json.dumps(part)))


def _find_declarations(dependant: Dependant) -> Iterator[_Declared]:
    for declaring in (dependant.call, *inspect.getmro(type(dependant.call))):
        if declared := _declarations.get(declaring):
            yield declared
    for deeper in dependant.dependencies:
        yield from _find_declarations(deeper)


def _find_alternatives(dependant: Dependant) -> dict[str, SecurityScheme]:
    call = dependant.call
    found = dict(call.alternatives) if isinstance(call, SecurityWithAlternatives) else {}
    for deeper in dependant.dependencies:
        found |= _find_alternatives(deeper)
    return found


def _position(path: str, parameter: dict[str, Any]) -> int:
    """Return a parameter's position in its operation: those outside the path come last."""
    return path.find(f"{{{parameter['name']}}}") if parameter["in"] == "path" else len(path)


def _parameter(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "title": name.title(), "description": description}
    return {
        "name": name, "in": "path", "required": True, "description": description, "schema": schema,
    }  # fmt: skip
