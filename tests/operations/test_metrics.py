"""GET /metrics: correct, bounded, without tenants, and restricted."""

import secrets
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.fix_api import Api
from tests.fix_service import Serve
from tests.fix_team import Team

NOWHERE = "postgresql://someone:secret@127.0.0.1:1/nowhere"
REQUESTS = "http_request_duration_seconds_count"
TOKEN = secrets.token_hex(16)


def client(api: Api, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """Return a client with this address."""
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000")


@pytest.fixture
async def local(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client on this machine."""
    async with client(api) as http:
        yield http


async def samples(http: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """Return each value by its name, method, route and status."""
    response = await http.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (
            each.name,
            *(each.labels.get(name, "") for name in ("method", "route", "status")),
        ): each.value
        for family in text_string_to_metric_families(response.text)
        for each in family.samples
        if "le" not in each.labels
    }


async def test_requests_are_counted_by_route_and_status(local: httpx.AsyncClient, team: Team):
    """Routes are named by their patterns; strangers cannot create series."""
    path = "/v1/workspaces/{workspaceId}"
    before = await samples(local)
    started = time.perf_counter()
    for _ in range(3):
        await team.owner.get(team.path)
    elapsed = time.perf_counter() - started
    await team.owner.get("/v1/workspaces/Nobody0Knows0it")
    for number in range(5):
        await local.request(f"VERB{number}", f"/nothing/{number}")
    after = await samples(local)
    seconds = "http_request_duration_seconds_sum", "GET", path, "200"
    # In seconds: neither more than it took, nor in another unit.
    assert elapsed / 100 < after[seconds] - before.get(seconds, 0) <= elapsed

    grown = {key: value - before.get(key, 0) for key, value in after.items() if key[0] == REQUESTS}
    assert grown[REQUESTS, "GET", path, "200"] == 3
    assert grown[REQUESTS, "GET", path, "404"] == 1
    assert grown[REQUESTS, "other", "other", "404"] == 5
    assert grown[REQUESTS, "GET", "/metrics", "200"] == 1
    assert sum(grown.values()) == 10


async def test_a_failure_is_counted(
    api: Api, local: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    """An unexpected exception counts as a 500."""
    from app.operations import readiness

    async def fail() -> None:
        raise RuntimeError

    monkeypatch.setattr(readiness, "check", fail)
    before = await samples(local)
    assert (await local.get("/ready")).status_code == 500
    after = await samples(local)

    key = REQUESTS, "GET", "/ready", "500"
    assert after[key] - before.get(key, 0) == 1


async def test_metrics_of_queries_and_the_process(local: httpx.AsyncClient, team: Team):
    """The engine's metrics and the process's are included."""
    before = await samples(local)
    await team.owner.get(team.path)
    after = await samples(local)

    def grown(name: str) -> float:
        return after[name, "", "", ""] - before[name, "", "", ""]

    assert grown("prisma_client_queries_total") == 1
    assert grown("prisma_client_queries_duration_histogram_ms_count") == 1
    assert after["prisma_pool_connections_open", "", "", ""] >= 1
    assert after["process_resident_memory_bytes", "", "", ""] > 1_000_000


async def test_tenants_do_not_appear(local: httpx.AsyncClient, team: Team):
    """Labels contain neither workspaces nor users."""
    await team.owner.patch(team.path, {"name": "Secret0name"})
    await team.owner.get(f"{team.path}/members/{team.member.id}")
    text = (await local.get("/metrics")).text

    for secret in (team.id, team.owner.id, team.member.id, team.owner.email, "Secret0name"):
        assert secret not in text


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
async def test_this_machine_may_read(api: Api, address: str):
    """Requests from any loopback address are answered."""
    async with client(api, address) as http:
        assert (await http.get("/metrics")).status_code == 200


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("192.0.2.1", {}),
        ("::ffff:192.0.2.1", {}),
        ("", {}),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", {"X-Forwarded-Proto": "https"}),
        ("127.0.0.1", {"X-Real-IP": "127.0.0.1"}),
        ("127.0.0.1", {"Via": "1.1 proxy"}),
        ("192.0.2.1", {"Authorization": "Bearer "}),
    ],
)
async def test_others_get_a_404(api: Api, address: str, headers: dict[str, str]):
    """From elsewhere, or through a proxy, the response is that of an unknown path."""
    async with client(api, address) as http:
        response = await http.get("/metrics", headers=headers)
        unknown = await http.get("/nothing", headers=headers)

    assert (response.status_code, response.text) == (unknown.status_code, unknown.text)
    assert response.status_code == 404


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1", "[::1]:8000", "[::1]"])
async def test_this_machine_may_be_named(api: Api, host: str):
    """By its own names and addresses, with or without a port."""
    async with client(api) as http:
        assert (await http.get("/metrics", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", ["evil.test", "localhost.evil.test:80", "192.0.2.1", "[::2]", ""])
async def test_other_names_of_this_machine_do_not_work(api: Api, host: str):
    """A site may let its name lead to this machine, and its page read the response."""
    async with client(api) as http:
        assert (await http.get("/metrics", headers={"Host": host})).status_code == 404


class TestProduction:
    """With APP_ENV=production, without a token"""

    @pytest.fixture
    def api_settings(self) -> dict[str, str]:
        return {
            "APP_ENV": "production",
            "PUBLIC_URL": "https://example.com",
            "SMTP_URL": "smtp://127.0.0.1:1",
            "MAIL_FROM": "tenantry@example.com",
        }

    async def test_nobody_may_read(self, api: Api):
        """Not even this machine: a proxy on it may add no header."""
        async with client(api) as http:
            assert (await http.get("/metrics")).status_code == 404


class TestToken:
    """With METRICS_TOKEN"""

    @pytest.fixture
    def api_settings(self) -> dict[str, str]:
        return {"METRICS_TOKEN": TOKEN}

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
    async def test_the_token_allows_reading(self, api: Api, scheme: str):
        """The address and proxies do not matter."""
        headers = {"Authorization": f"{scheme} {TOKEN}", "X-Forwarded-For": "192.0.2.1"}
        async with client(api, "192.0.2.1") as http:
            assert (await http.get("/metrics", headers=headers)).status_code == 200

    @pytest.mark.parametrize(
        "authorization", [None, TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN[1:]}", "Bearer é"]
    )
    async def test_others_may_not_read(self, api: Api, authorization: str | None):
        """Without the token, not even this machine may read."""
        headers: Any = {"Authorization": authorization.encode()} if authorization else {}
        async with client(api) as http:
            assert (await http.get("/metrics", headers=headers)).status_code == 404

    async def test_an_access_token_does_not_allow_reading(self, api: Api):
        """It is a token of another kind."""
        ann = await api.person("ann")
        async with client(api) as http:
            headers = {"Authorization": ann.http.headers["authorization"]}
            assert (await http.get("/metrics", headers=headers)).status_code == 404


@pytest.mark.parametrize("wrong", ["", "?connection_limit=abc"])
def test_metrics_without_a_database(serve: Serve, wrong: str):
    """A service that is not ready still serves metrics; they count its 503 responses."""
    with serve(DATABASE_URL=NOWHERE, APP_DATABASE_URL=NOWHERE + wrong) as service:
        service.wait_until_ready(503)
        text = service.get("/metrics").text

    assert 'route="/ready",status="503"' in text
