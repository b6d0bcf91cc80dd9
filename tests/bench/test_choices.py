"""Each choice's variant differs from our server in one thing; tables show the measurements."""

import importlib
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from bench import choices, setup, verify
from bench.choices import CHOICES, Server
from bench.database import Database
from bench.folders import DOCS, ROOT
from bench.measure import round_order
from bench.peers import ours
from bench.process import serving
from bench.results import PeerResults, Results, Series
from bench.service import growth
from bench.service.growth import Case
from prisma_wasm import embedded

pytest.importorskip("orjson", reason='it comes with `pip install -e ".[dev]"`')

PEERS = {
    server: choice.name
    for choice in CHOICES
    if not choice.measures_the_service
    for server in choice.servers
}
VARIANTS = sorted({server.app for server in PEERS if "--factory" in server.options})


def application(name: str, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """Return the application that uvicorn would serve under this name."""
    setup.generate_client()
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    module, _, attribute = name.partition(":")
    target = getattr(importlib.import_module(f"bench.servers.{module}"), attribute)
    return target if isinstance(target, FastAPI) else target()


def routes(app: FastAPI) -> set[tuple[str, str, int | None]]:
    return {
        (route.path, ",".join(sorted(route.methods or ())), route.status_code)
        for route in app.routes
        if isinstance(route, APIRoute)
    }


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_has_the_same_routes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths, methods and status codes equal those of our server."""
    assert routes(application(name, monkeypatch)) == routes(application(choices.OURS, monkeypatch))


@pytest.mark.full
@pytest.mark.parametrize(
    "server", PEERS, ids=lambda server: "-".join([server.app, *server.options])
)
def test_a_variant_keeps_the_contract(
    server: Server, contract: tuple[Database, list[verify.Case]], tmp_path: Path
) -> None:
    """Its responses are those that the contract requires."""
    database, cases = contract
    peer = ours("", server.app, *server.options)
    env = {"DATABASE_URL": database.url() + peer.url_parameters}
    with serving(peer.command, log=tmp_path / "log", env=env, cwd=ROOT, core=None) as running:
        assert verify.differences(running, cases, database) == []


@pytest.fixture(scope="module")
def contract():
    """Return a database with the contract's data, and the requests with expected responses."""
    setup.generate_client()
    with embedded.temporary() as server:
        database = Database(server)
        database.recreate()
        yield database, verify.make_cases(database)


def test_a_ratio_above_one_favours_the_choice() -> None:
    """The ratio divides the alternative's time by the choice's, round by round."""
    (choice,) = (each for each in CHOICES if each.name == "pages")
    sides = [f"{choice.name}, chosen", f"{choice.name}, instead"]
    times = ([100.0, 200.0, 100.0], [150.0, 240.0, 130.0])
    measured = Results(
        peers={
            side: PeerResults(side, {"page": Series(cpu_us=each)})
            for side, each in zip(sides, times, strict=True)
        }
    )
    (row,) = choices.table(measured).splitlines()[2:]
    assert row.startswith(f"| {choice.chosen} | {choice.instead} |")
    assert row.endswith("| 100 µs | 150 µs | 1.30 (1.20 to 1.50) |")
    measured.peers[sides[0]].endpoints["page"].cpu_us[0] = 160.0
    (row,) = choices.table(measured).splitlines()[2:]
    assert row.endswith("| *1.20 (0.94 to 1.30)* |"), "ratios on both sides of 1 are in italics"


def test_the_page_lists_every_choice_with_ratio_and_reason() -> None:
    """The committed page is what `make bench-choices` writes, except for the figures."""
    page = (DOCS / "performance-choices.md").read_text(encoding="utf-8")
    assert page.endswith(f"\n\n## Why\n\n{choices.reasons()}\n")
    for choice in CHOICES:
        rows = [line for line in page.splitlines() if line.startswith(f"| {choice.chosen} |")]
        assert len(rows) == len(choice.endpoints)


def test_growth_shows_medians_ranges_and_ratios() -> None:
    """Each route has a row; its last cell is the ratio of the last size to the first."""
    small, big = (Case("GET /things", size, 1, Path("f")) for size in (10, 1_000))
    text = growth.table({small: [1.0, 2.0, 4.0], big: [2.0, 2.0, 6.0]}, "ms, things", 1)
    assert text.splitlines() == [
        "| ms, things | 10 | 1,000 | 1,000 to 10 |",
        "| --- | ---: | ---: | ---: |",
        "| GET /things | 2.0 (1.0 to 4.0) | 2.0 (2.0 to 6.0) | 1.50 (1.00 to 2.00) |",
    ]


def test_the_order_changes_from_round_to_round() -> None:
    """Each round includes every item, and the first item varies."""
    for count in (2, 3, 6):
        orders = [round_order(range(count), turn) for turn in range(2 * count)]
        assert all(sorted(order) == list(range(count)) for order in orders)
        assert len({order[0] for order in orders}) > 1
