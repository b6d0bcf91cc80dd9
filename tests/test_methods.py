"""Unsupported methods, unknown paths and trailing slashes."""

from http import HTTPMethod

import pytest
from starlette.routing import Match, Route
from starlette.types import Scope

from tests.fix_api import Api


@pytest.mark.parametrize("signed_in", [True, False])
async def test_a_405_lists_the_allowed_methods(api: Api, signed_in: bool):
    """Allow lists all methods of the path, including HEAD and OPTIONS."""
    ann = (await api.person("ann")).http if signed_in else api.anonymous
    several = 0
    for path, described in api.app.openapi()["paths"].items():
        methods = {method.upper() for method in described}
        several += len(methods) > 1
        for method in set(HTTPMethod) - methods:
            response = await ann.request(method, path)

            assert response.status_code == 405, (method, path)
            assert set(response.headers["allow"].split(", ")) == methods, (method, path)
            assert response.headers["content-type"] == "application/problem+json"
            assert method is HTTPMethod.HEAD or response.json()["code"] == "method_not_allowed"
    assert several > 4


async def test_allow_costs_no_more_than_routing(api: Api, monkeypatch: pytest.MonkeyPatch):
    """A long path would otherwise be compared with every route for every method."""
    matches = Route.matches
    count = 0

    def counted(route: Route, scope: Scope) -> tuple[Match, Scope]:
        nonlocal count
        count += 1
        return matches(route, scope)

    monkeypatch.setattr(Route, "matches", counted)
    answer = await api.anonymous.put("/v1/workspaces/" + "a" * 1000)

    assert answer.status_code == 405
    assert count <= 2 * len(api.app.routes)  # to find the route, and to find the methods


async def test_an_unknown_path_has_no_methods(api: Api):
    """Every method gets a 404 without Allow."""
    for method in HTTPMethod:
        response = await api.anonymous.request(method, "/v1/nothing")

        assert response.status_code == 404
        assert "allow" not in response.headers


async def test_a_trailing_slash_is_not_redirected(api: Api):
    """A redirect would lead to whatever host the request names."""
    paths = api.app.openapi()["paths"]
    for path in paths.keys() - {"/"}:
        for method in paths[path]:
            response = await api.anonymous.request(
                method, f"{path}/", headers={"Host": "evil.test"}
            )

            assert response.status_code in (401, 404, 405), path
            assert "location" not in response.headers
