"""Methods that a path does not have."""

from http import HTTPMethod

import pytest

from tests.fix_api import Api


@pytest.mark.parametrize("signed_in", [True, False])
async def test_allow_names_all_methods_of_a_path(api: Api, signed_in: bool):
    """Each method that is none of a path's gets a 405 that names those which are; so do HEAD and
    OPTIONS, whoever asks."""
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


async def test_a_path_that_is_none_has_no_methods(api: Api):
    """It is a 404, whatever the method."""
    for method in HTTPMethod:
        answer = await api.anonymous.request(method, "/v1/nothing")

        assert answer.status_code == 404
        assert "allow" not in answer.headers
