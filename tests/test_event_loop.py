"""Every request runs on the event loop, because a thread costs more than most queries."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from app.main import ROUTES as ALL


def runs_on_the_loop(call: Callable[..., Any]) -> bool:
    """Return whether FastAPI awaits this function instead of running it in a thread."""
    return any(
        inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each)
        for each in (call, getattr(call, "__call__", None))  # noqa: B004  # an instance may be callable
    )


def calls(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    """Yield a route's handler and all its dependencies."""
    if dependant.call is not None:
        yield dependant.call
    for each in dependant.dependencies:
        yield from calls(each)


ROUTES = [route for route in ALL if isinstance(route, APIRoute)]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.name}")
def test_handlers_and_dependencies_are_coroutines(route: APIRoute):
    """FastAPI would run plain functions in a thread pool."""
    assert [call for call in calls(route.dependant) if not runs_on_the_loop(call)] == []


def test_there_are_routes():
    """The test above has something to check."""
    assert len(ROUTES) > 20
