"""Headers that every response has, and those that a request adds to its own."""

import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI, Request, Response

from app.http import problems
from app.http.headers import ResponseHeadersMiddleware, add_response_header
from tests.fix_api import PASSWORD, Api
from tests.fix_tenant import make_tenant_team


async def test_every_response_has_them(api: Api):
    """The headers do not depend on the route, the method, the status or the caller."""
    ann, studio = await api.person("ann"), await make_tenant_team(api, "red")
    described = api.app.openapi()["paths"]
    statuses: set[int] = set()
    for path in (*described, "/nothing", "/openapi.json", "/docs", "/metrics"):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            security = described.get(path, {}).get(method.lower(), {}).get("security", [])
            user = ann
            # A session for each request: some routes end it.
            if {"TenantToken": []} in security:
                user = await studio.joined(uuid.uuid4().hex)
            elif security:
                user = await api.signed_in(ann.id, ann.email)
            for authorization in ({}, {"Authorization": user.http.headers["authorization"]}):
                transport = httpx.ASGITransport(api.app)
                async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
                    answer = await client.request(method, path, headers=authorization)
                statuses.add(answer.status_code)

                assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
                assert answer.headers.get_list("cache-control") == ["no-store"]
                if security and authorization and path != "/metrics":
                    assert answer.status_code != 401, f"{method} {path}: {answer.text}"
    assert {200, 204, 401, 404, 405, 422} <= statuses


async def test_tokens_are_not_stored(api: Api):
    """Neither browsers nor proxies may store a response that contains tokens."""
    await api.person("ann")
    logged_in = await api.log_in("ann@example.com", PASSWORD)
    refreshed = await api.anonymous.post(
        "/v1/auth/refresh", json={"refreshToken": logged_in.json()["refreshToken"]}
    )
    for answer in (logged_in, refreshed):
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"


class TestCors:
    """With CORS_ORIGINS"""

    @pytest.fixture
    def api_settings(self) -> dict[str, str]:
        return {"CORS_ORIGINS": "https://app.example.com"}

    async def test_a_preflight_response_has_them(self, api: Api):
        """Its response does not pass through the application's own middleware."""
        asked = {"Origin": "https://app.example.com", "Access-Control-Request-Method": "GET"}
        transport = httpx.ASGITransport(api.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            answer = await client.options("/v1/me", headers=asked)

        assert answer.status_code == 200
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()

    @app.get("/cached")
    async def cached() -> Response:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        return Response("x", headers={"Cache-Control": "max-age=60"})

    @app.get("/broken")
    async def broken() -> None:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        raise RuntimeError

    problems.install(app)
    transport = httpx.ASGITransport(ResponseHeadersMiddleware(app), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        yield client


async def test_a_route_may_be_cached(http: httpx.AsyncClient):
    """It sets a Cache-Control of its own."""
    answer = await http.get("/cached")

    assert answer.headers.get_list("cache-control") == ["max-age=60"]
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_failure_has_them(http: httpx.AsyncClient):
    """Its response does not pass through middleware."""
    answer = await http.get("/broken")

    assert answer.status_code == 500
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    assert answer.headers.get_list("cache-control") == ["no-store"]


@pytest.mark.parametrize("status", [200, 409, 500])
async def test_a_request_adds_headers_to_whatever_the_response_is(api: Api, status: int):
    """They reach errors too, in the order in which they were added; the next request has none."""

    @api.app.get("/added/{status}")
    async def added(request: Request, status: int) -> None:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        if request.query_params:
            add_response_header(request.scope, "X-Added", "one")
            add_response_header(request.scope, "X-Added", "two")
        if status == 500:
            raise RuntimeError
        if status == 409:
            raise problems.Problem(409, "code", "Detail")

    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.get(f"/added/{status}?some")
        next_answer = await client.get(f"/added/{status}")

    assert answer.status_code == next_answer.status_code == status
    assert answer.headers.get_list("x-added") == ["one", "two"]
    assert "x-added" not in next_answer.headers
