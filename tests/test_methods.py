"""Methods that a path does not have, and paths that almost exist."""

from http import HTTPMethod

import pytest

from tests.fix_api import Api


@pytest.mark.parametrize("signed_in", [True, False])
async def test_allow_names_all_methods_of_a_path(api: Api, signed_in: bool):
    """A method that a path lacks gets a 405 that names those it has, HEAD and OPTIONS included."""
    ann = (await api.person("ann")).http if signed_in else api.anonymous
    several = 0
    for path, described in api.app.openapi()["paths"].items():
        methods = {method.upper() for method in described}
        several += len(methods) > 1
        for method in set(HTTPMethod) - methods:
            answer = await ann.request(method, path)

            assert answer.status_code == 405, (method, path)
            assert set(answer.headers["allow"].split(", ")) == methods, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"
            assert method is HTTPMethod.HEAD or answer.json()["code"] == "method_not_allowed"
    assert several > 4


async def test_an_unknown_path_has_no_methods(api: Api):
    """It is a 404, whatever the method."""
    for method in HTTPMethod:
        answer = await api.anonymous.request(method, "/v1/nothing")

        assert answer.status_code == 404
        assert "allow" not in answer.headers


async def test_a_trailing_slash_is_not_redirected(api: Api):
    """A redirect would send people to whatever host the request names."""
    paths = api.app.openapi()["paths"]
    for path in paths.keys() - {"/"}:
        for method in paths[path]:
            answer = await api.anonymous.request(method, f"{path}/", headers={"Host": "evil.test"})

            assert answer.status_code in (401, 404, 405), path
            assert "location" not in answer.headers
