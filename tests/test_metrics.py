"""GET /metrics: true, bounded, without a tenant, and only for those whom it concerns."""

import secrets
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
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://tenantry")


@pytest.fixture
async def here(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A program on this machine."""
    async with client(api) as http:
        yield http


async def samples(http: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """Each figure by its name, method, route and status."""
    answer = await http.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (
            each.name,
            *(each.labels.get(name, "") for name in ("method", "route", "status")),
        ): each.value
        for family in text_string_to_metric_families(answer.text)
        for each in family.samples
        if "le" not in each.labels
    }


async def test_requests_are_counted_by_route_and_status(here: httpx.AsyncClient, team: Team):
    """By the route's pattern; whatever is asked for, a stranger adds no series."""
    path = "/v1/workspaces/{workspaceId}"
    before = await samples(here)
    for _ in range(3):
        await team.owner.get(team.path)
    await team.owner.get("/v1/workspaces/Nobody0Knows0it")
    for number in range(5):
        await here.request(f"VERB{number}", f"/nothing/{number}")
    after = await samples(here)
    seconds = "http_request_duration_seconds_sum", "GET", path, "200"
    assert 0.001 < after[seconds] - before.get(seconds, 0) < 10

    grown = {key: value - before.get(key, 0) for key, value in after.items() if key[0] == REQUESTS}
    assert grown[REQUESTS, "GET", path, "200"] == 3
    assert grown[REQUESTS, "GET", path, "404"] == 1
    assert grown[REQUESTS, "other", "other", "404"] == 5
    assert grown[REQUESTS, "GET", "/metrics", "200"] == 1
    assert sum(grown.values()) == 10


async def test_a_failure_is_counted(
    api: Api, here: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    """What nobody foresaw is a 500 here too."""
    from app import db

    async def fail() -> None:
        raise RuntimeError

    monkeypatch.setattr(db, "ready", fail)
    before = await samples(here)
    assert (await here.get("/ready")).status_code == 500
    after = await samples(here)

    key = REQUESTS, "GET", "/ready", "500"
    assert after[key] - before.get(key, 0) == 1


async def test_queries_and_the_process_are_there(here: httpx.AsyncClient, team: Team):
    """The engine's own figures, and the process's."""
    before = await samples(here)
    await team.owner.get(team.path)
    after = await samples(here)

    def grown(name: str) -> float:
        return after[name, "", "", ""] - before[name, "", "", ""]

    assert grown("prisma_client_queries_total") == 1
    assert grown("prisma_client_queries_duration_histogram_ms_count") == 1
    assert after["prisma_pool_connections_open", "", "", ""] >= 1
    assert after["process_resident_memory_bytes", "", "", ""] > 1_000_000


async def test_no_tenant_is_named(here: httpx.AsyncClient, team: Team):
    """Neither a workspace nor a person, whatever they did."""
    await team.owner.patch(team.path, {"name": "Secret0name"})
    await team.owner.get(f"{team.path}/members/{team.member.id}")
    text = (await here.get("/metrics")).text

    for secret in (team.id, team.owner.id, team.member.id, team.owner.email, "Secret0name"):
        assert secret not in text


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
async def test_this_machine_may_read(api: Api, address: str):
    """Whatever it calls itself."""
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
async def test_to_others_it_is_not_there(api: Api, address: str, headers: dict[str, str]):
    """From elsewhere, or passed on by a proxy: as if there were nothing."""
    async with client(api, address) as http:
        answer = await http.get("/metrics", headers=headers)
        nothing = await http.get("/nothing", headers=headers)

    assert (answer.status_code, answer.text) == (nothing.status_code, nothing.text)
    assert answer.status_code == 404


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
        """Not every proxy says that it is one."""
        async with client(api) as http:
            assert (await http.get("/metrics")).status_code == 404


class TestToken:
    """With METRICS_TOKEN"""

    @pytest.fixture
    def api_settings(self) -> dict[str, str]:
        return {"METRICS_TOKEN": TOKEN}

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
    async def test_who_has_it_may_read(self, api: Api, scheme: str):
        """From anywhere, through whatever proxies."""
        headers = {"Authorization": f"{scheme} {TOKEN}", "X-Forwarded-For": "192.0.2.1"}
        async with client(api, "192.0.2.1") as http:
            assert (await http.get("/metrics", headers=headers)).status_code == 200

    @pytest.mark.parametrize(
        "authorization", [None, TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN[1:]}", "Bearer é"]
    )
    async def test_nobody_else_may(self, api: Api, authorization: str | None):
        """This machine neither; and a person's own token is none."""
        headers: Any = {"Authorization": authorization.encode()} if authorization else {}
        async with client(api) as http:
            assert (await http.get("/metrics", headers=headers)).status_code == 404

    async def test_a_person_may_not(self, api: Api):
        """Their access token is for something else."""
        ann = await api.person("ann")
        async with client(api) as http:
            headers = {"Authorization": ann.http.headers["authorization"]}
            assert (await http.get("/metrics", headers=headers)).status_code == 404


@pytest.mark.parametrize("wrong", ["", "?connection_limit=abc"])
def test_without_a_database(serve: Serve, wrong: str):
    """What is wrong is seen in the figures of a service that is not ready, too."""
    with serve(DATABASE_URL=NOWHERE, APP_DATABASE_URL=NOWHERE + wrong) as service:
        service.wait_until_ready(503)
        text = service.get("/metrics").text

    assert 'route="/ready",status="503"' in text
