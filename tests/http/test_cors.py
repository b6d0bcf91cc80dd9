"""Cross-origin requests, as a browser sends them."""

import httpx
import pytest
from fastapi import FastAPI

from app.main import create_app
from app.settings import load
from tests.fix_api import Api
from tests.fix_service import SECRET_KEY

ORIGIN = "https://app.example.com"
OTHERS = ("https://evil.example.com", "http://app.example.com", f"{ORIGIN}.evil.com", "null")


def app_with(origins: str) -> FastAPI:
    return create_app(load({"SECRET_KEY": SECRET_KEY, "CORS_ORIGINS": origins}))


def client_of(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://tenantry")


async def preflight(client: httpx.AsyncClient, origin: str, method: str = "PATCH"):
    return await client.options(
        "/health",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization, content-type",
        },
    )


def allowed(answer: httpx.Response) -> list[str]:
    return [name for name in answer.headers if name.startswith("access-control-")]


async def test_without_the_setting_no_origin_is_allowed():
    """A preflight is a method that the route does not have, and no answer bears CORS headers."""
    async with client_of(app_with("")) as client:
        assert (await preflight(client, ORIGIN)).status_code == 405
        assert not allowed(await preflight(client, ORIGIN))
        assert not allowed(await client.get("/health", headers={"Origin": ORIGIN}))


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_listed_origin_may_call(method: str):
    """The response allows the headers and methods that the API needs, but no credentials."""
    async with client_of(app_with(f"http://localhost:5173, {ORIGIN}")) as client:
        asked = await preflight(client, ORIGIN, method)
        answer = await client.get("/health", headers={"Origin": ORIGIN})

    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == ORIGIN
    assert "Authorization" in asked.headers["access-control-allow-headers"]
    assert method in asked.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert "Origin" in answer.headers["vary"]
    for each in (asked, answer):
        assert "access-control-allow-credentials" not in each.headers


@pytest.mark.parametrize("origin", OTHERS)
async def test_no_other_origin_may(origin: str):
    """Another scheme, a longer host, a page without an origin: none is told that it may call."""
    async with client_of(app_with(ORIGIN)) as client:
        asked = await preflight(client, origin)
        answer = await client.get("/health", headers={"Origin": origin})

    assert asked.status_code == 400
    for each in (asked, answer):
        assert "access-control-allow-origin" not in each.headers


@pytest.fixture
def api_settings() -> dict[str, str]:
    return {"CORS_ORIGINS": ORIGIN}


async def test_errors_can_be_read_too(api: Api):
    """A front end reads the problem document of a 401, a 404 and a 500, not a network error."""

    @api.app.get("/broken")
    async def broken() -> None:  # pyright: ignore[reportUnusedFunction]  # the decorator registers it
        raise ZeroDivisionError

    async with client_of(api.app) as client:
        for path, status in (("/v1/me", 401), ("/nothing", 404), ("/broken", 500)):
            answer = await client.get(path, headers={"Origin": ORIGIN})

            assert answer.status_code == status
            assert answer.json()["status"] == status
            assert answer.headers["access-control-allow-origin"] == ORIGIN
