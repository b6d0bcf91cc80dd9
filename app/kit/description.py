"""The API's description: a route declares what it may answer, and so do its dependencies.

A route's own `responses` are those of its rules alone. What its query, its body and its
dependencies may answer is added here, for all routes alike.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, TypeVar

from fastapi import APIRouter, FastAPI, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.problems import problems, schemas

# Not to be read, too slow, too long, not what it should be. Other routes let a body lie.
_OF_BODIES = (400, 408, 413, 422)
_OF_QUERIES = (422,)
# The database is away or busy, which any route may meet.
_OF_ALL = (503,)
# FastAPI's own form of a 422, which is not ours.
_NOT_OURS = {"HTTPValidationError", "ValidationError"}
_PLACE = "#/components/schemas/"

DependencyT = TypeVar("DependencyT", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class _Declared:
    """What a dependency says of itself."""

    statuses: tuple[int, ...]
    path: Mapping[str, str]


_of_dependencies: dict[Callable[..., Any], _Declared] = {}


def declare_responses(
    *statuses: int, path: Mapping[str, str] = MappingProxyType({})
) -> Callable[[DependencyT], DependencyT]:
    """Declares the problems with which a dependency may end a request.

    And what it reads of the path by itself: parameters by their names, described.
    """

    def declare(dependency: DependencyT) -> DependencyT:
        _of_dependencies[dependency] = _Declared(statuses, path)
        return dependency

    return declare


class DocumentedRoute(APIRoute):
    """Says what may be answered."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        if options.get("status_code") == HTTPStatus.NO_CONTENT:
            options["response_class"] = Response  # what is empty is no JSON
        super().__init__(*arguments, **options)
        of_body = _OF_BODIES if self.body_field else ()
        of_query = _OF_QUERIES if self.dependant.query_params else ()
        declared = list(_declared_by(self.dependant))
        of_dependencies = [status for each in declared for status in each.statuses]
        in_path = {name: text for each in declared for name, text in each.path.items()}
        if unknown := in_path.keys() - self.param_convertors.keys():
            raise TypeError(f"{self.path} has no parameter {', '.join(unknown)}.")
        if in_path:
            parameters = [_parameter(*item) for item in in_path.items()]
            self.openapi_extra = {**(self.openapi_extra or {}), "parameters": parameters}
        responses = {
            **problems(*of_dependencies, *of_body, *of_query, *_OF_ALL),
            **self.responses,
        }
        self.responses = {status: responses[status] for status in sorted(responses, key=str)}


def domain_router() -> APIRouter:
    """A router for a domain's routes, below /v1."""
    return APIRouter(
        prefix="/v1", route_class=DocumentedRoute, generate_unique_id_function=operation_id
    )


def describe(app: FastAPI) -> None:
    """Let `app.openapi()` say the whole truth of answers."""
    described_by_fastapi = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = _with_parameters_in_order(described_by_fastapi())
            described = _without_foreign_problems(described)
            app.openapi_schema = _with_titles(_with_whole_answers(described))
            app.openapi_schema["components"]["schemas"] |= schemas()
        return app.openapi_schema

    app.openapi = openapi


def operation_id(route: APIRoute) -> str:
    """The handler's name as front ends write it: `list_workspaces` is `listWorkspaces`."""
    first, *others = route.name.split("_")
    return first + "".join(word.title() for word in others)


def _without_foreign_problems(described: dict[str, Any]) -> dict[str, Any]:
    """FastAPI believes that every parameter may be wrong, and be answered in its own form."""
    for methods in described["paths"].values():
        for operation in methods.values():
            if _NOT_OURS & _named_in(operation["responses"].get("422")):
                del operation["responses"]["422"]
    for name in _NOT_OURS:
        described["components"]["schemas"].pop(name, None)
    return described


def _with_parameters_in_order(described: dict[str, Any]) -> dict[str, Any]:
    """Those of the path come first, in its order, whoever declares them."""
    for path, methods in described["paths"].items():
        for operation in methods.values():
            operation.get("parameters", []).sort(key=partial(_place_in, path))
    return described


def _with_whole_answers(described: dict[str, Any]) -> dict[str, Any]:
    """Of an answer every field is there, be it null; of a body those with defaults may lack."""
    named = described["components"]["schemas"]
    bodies: set[str] = set()
    found = _named_in(
        [
            operation.get("requestBody")
            for path in described["paths"].values()
            for operation in path.values()
        ]
    )
    while found:
        bodies |= found
        found = _named_in([named[name] for name in found]) - bodies
    for name in named.keys() - bodies:
        if "properties" in named[name]:
            named[name]["required"] = list(named[name]["properties"])
    return described


def _with_titles(described: dict[str, Any]) -> dict[str, Any]:
    """A generic model goes by its title: `PersonPage`, not `Page_Person_`."""
    text = json.dumps(described)
    for name, schema in described["components"]["schemas"].items():
        if title := schema.get("title"):
            text = text.replace(f'{_PLACE}{name}"', f'{_PLACE}{title}"').replace(
                f'"{name}": {{', f'"{title}": {{'
            )
    return json.loads(text)


def _named_in(part: object) -> set[str]:
    """The schemas that a part of the description refers to."""
    return set(re.findall(rf'"{_PLACE}(\w+)"', json.dumps(part)))


def _declared_by(dependant: Dependant) -> Iterator[_Declared]:
    if dependant.call is not None and (declared := _of_dependencies.get(dependant.call)):
        yield declared
    for deeper in dependant.dependencies:
        yield from _declared_by(deeper)


def _place_in(path: str, parameter: dict[str, Any]) -> int:
    """Where a parameter comes in its operation: what is not in the path comes last."""
    return path.find(f"{{{parameter['name']}}}") if parameter["in"] == "path" else len(path)


def _parameter(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "title": name.title(), "description": description}
    return {
        "name": name, "in": "path", "required": True, "description": description, "schema": schema,
    }  # fmt: skip
