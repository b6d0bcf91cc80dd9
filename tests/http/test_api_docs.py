"""What a visitor finds: the index at `/` and the documentation at `/docs`, without a network."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from app.main import create_app
from app.settings import load
from tests.fix_service import ENCRYPTION_KEY, SECRET_KEY, SESSION_SECRET

PRODUCTION = {
    "APP_ENV": "production",
    "SESSION_SECRET": SESSION_SECRET,
    "ENCRYPTION_KEY": ENCRYPTION_KEY,
    "DATABASE_URL": "postgresql://owner:pw@127.0.0.1:1/app",
    "PUBLIC_URL": "https://app.example.com",
    "SMTP_URL": "smtps://mail.example.com",
    "MAIL_FROM": "app@example.com",
}


def client_of(**settings: str) -> httpx.AsyncClient:
    app = create_app(load({"SECRET_KEY": SECRET_KEY, **settings}))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://tenantry")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of() as made:
        yield made


async def test_the_index_leads_to_what_there_is(client: httpx.AsyncClient):
    """Every path that the index names answers."""
    index = (await client.get("/")).json()

    assert index["name"] == "tenantry"
    assert re.fullmatch(r"\d+\.\d+\.\d+", index["version"])
    for name in ("documentation", "openapi", "health"):
        assert (await client.get(index[name])).status_code == 200, name


async def test_the_docs_load_nothing_from_elsewhere(client: httpx.AsyncClient):
    """The page's scripts, styles and icon are this server's, and the policy allows no others."""
    page = await client.get("/docs")
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)

    assert len(links) == 4
    assert "://" not in page.text
    assert "script-src 'self';" in page.headers["content-security-policy"]
    for link in links:
        answer = await client.get(page.url.join(link))
        assert answer.status_code == 200, link
        assert len(answer.content) > 50, link
    assert "SwaggerUIBundle" in (await client.get("/docs/swagger-ui-bundle.js")).text
    start = (await client.get("/docs/start.js")).text
    assert '"url": "openapi.json"' in start
    assert '"validatorUrl": null' in start


@pytest.mark.parametrize("name", ["nothing", "..%2F__init__.py", "redoc.standalone.js"])
async def test_only_the_pages_own_files_are_served(client: httpx.AsyncClient, name: str):
    """Another name is a 404, whatever lies in that folder."""
    answer = await client.get(f"/docs/{name}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_docs_explain_authorize(client: httpx.AsyncClient):
    """The description says where a token comes from and where to paste it."""
    described = (await client.get("/openapi.json")).json()
    text = described["info"]["description"]

    assert "**Authorize**" in text
    assert "POST /v1/auth/log-in" in text
    assert "/v1/auth/log-in" in described["paths"]
    assert "accessToken" in described["components"]["schemas"]["TokenPair"]["properties"]


async def test_production_serves_docs_only_if_asked_to():
    """Without API_DOCS=on there is neither the page nor the description, and no link to them."""
    async with client_of(**PRODUCTION) as client:
        for path in ("/docs", "/docs/start.js", "/openapi.json"):
            assert (await client.get(path)).status_code == 404, path
        index = (await client.get("/")).json()
        assert (index["documentation"], index["openapi"]) == (None, None)
    async with client_of(**PRODUCTION, API_DOCS="on") as client:
        for path in ("/docs", "/openapi.json"):
            assert (await client.get(path)).status_code == 200, path


async def test_development_can_turn_them_off():
    """API_DOCS=off removes them there too."""
    async with client_of(API_DOCS="off") as client:
        assert (await client.get("/docs")).status_code == 404
