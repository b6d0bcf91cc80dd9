"""The requests to the service's routes do what is measured, and targets are met or missed."""

from typing import Any

import pytest
from httpx import Response

from bench.database import Database
from bench.errors import BenchError
from bench.results import PeerResults, Results, Series
from bench.service import routes, studios
from bench.service.routes import APPENDS, BARE, MEASURED, SERVICE, WEBHOOK, Route
from bench.service.studios import Studio
from tests.fix_api import Api
from tests.fix_database import run_sql, with_database

STUDIOS = 2


class TestDatabase(Database):
    """The database of a test, in place of the benchmarks' own."""

    __test__ = False

    def __init__(self, url: str) -> None:
        self._url = url

    def sql(self, script: str, database: str = "") -> str:
        statements = [each for each in script.split(";") if each.strip()]
        return "\n".join(run_sql(self._url, *statements))


@pytest.fixture
async def seeded(api: Api, server: str) -> TestDatabase:
    """Return the API's database with two studios."""
    found = await api.owner.query_first('SELECT current_database() AS "name"')
    seeded = TestDatabase(with_database(server, found["name"]))
    seeded.sql(studios.seed(api.app.state.encryption, STUDIOS))
    return seeded


async def send(api: Api, line: str) -> Response:
    """Send the request of a line, as the load generators do."""
    method, path, token, body = line.split(" ", 3)
    name, _, value = token.partition(":")
    header = {name: value} if value else {"Authorization": f"Bearer {token}"}
    return await api.anonymous.request(
        method, path, content=body, headers={"Content-Type": "application/json", **header}
    )


@pytest.mark.parametrize(
    ("route", "length"), list(zip(APPENDS, studios.LENGTHS, strict=True)), ids=studios.LENGTHS
)
async def test_turns_are_appended_to_conversations_of_a_length(
    api: Api, seeded: TestDatabase, route: Route[Studio], length: int
) -> None:
    """Every studio has a conversation of each length, which a reset restores."""
    before = await conversations(api)
    for studio in studios.studios(api.app.state.tokens, STUDIOS):
        for position in (length + 1, length + 2):
            response = await send(api, route.line(studio))
            assert response.status_code == 201, response.text
            assert response.json()["position"] == position
    assert await conversations(api) != before
    studios.reset(seeded)
    assert await conversations(api) == before


async def conversations(api: Api) -> list[Any]:
    """Return the conversations, but when they were changed, with the number of their turns."""
    return await api.owner.query_raw(
        """
        SELECT to_jsonb(talk) - 'updatedAt' AS talk, (
            SELECT count(*) FROM "ConversationTurn" WHERE "conversationId" = talk.id
        ) FROM "Conversation" AS talk ORDER BY talk.id
        """
    )


async def test_the_webhook_stores_every_message_of_known_contacts(
    api: Api, seeded: TestDatabase
) -> None:
    """The messages become turns of conversations that exist, and no contact is created."""
    lines = [WEBHOOK.line(each) for each in studios.notifications(STUDIOS * studios.CONTACTS)]
    contacts = await api.owner.contact.count()
    count = await api.owner.conversation.count()
    sent = [lines[0], lines[1], lines[studios.MESSAGES], lines[-1]]
    for line in sent:
        assert (await send(api, line)).status_code == 200
    studios.require_messages(seeded, len(sent))
    assert contacts == await api.owner.contact.count() == STUDIOS * studios.CONTACTS
    assert count == await api.owner.conversation.count()
    chats = await api.owner.conversation.find_many(where={"turnCount": {"in": [11, 12]}})
    assert sorted(each.turnCount for each in chats) == [11, 11, 12]


async def test_messages_that_are_not_stored_end_the_benchmark(
    api: Api, seeded: TestDatabase
) -> None:
    """The response is the same if the webhook drops a message, or knows it already."""
    line = WEBHOOK.line(next(studios.notifications()))
    for _ in range(2):
        assert (await send(api, line)).status_code == 200
    with pytest.raises(BenchError, match="stored only 1 of 2 messages"):
        studios.require_messages(seeded, 2)


def results(**p50_ms: list[float]) -> Results:
    """Return results with these response times of routes, and 1 ms for all others."""

    def series(name: str) -> Series:
        ones = [1.0] * 3
        return Series(ones, p50_ms.get(name, ones), ones, ones, ones, [0] * 3)

    peers = {
        peer: PeerResults(peer, {each.name: series(each.name) for each in MEASURED})
        for peer in (SERVICE, BARE.name)
    }
    return Results(peers=peers)


def test_targets_are_met_or_missed() -> None:
    """The median of the rounds decides, of ratios if the target is one."""
    _, appends, webhook = routes.describe_targets(results()).split("\n\n")
    assert appends.endswith("1.00 (1.00 to 1.00) times as long: met.")
    assert webhook.endswith("It is 1 ms: met.")
    missed = results(append_after_10000=[1.0, 1.2, 1.2], webhook=[1.0, 250.0, 300.0])
    _, appends, webhook = routes.describe_targets(missed).split("\n\n")
    assert appends.endswith("1.20 (1.00 to 1.20) times as long: **not met**.")
    assert webhook.endswith("It is 250 ms: **not met**.")


def test_the_table_shows_every_route_with_its_median() -> None:
    """A response time is in the column before the 99th percentile."""
    _, _, _, *rows = routes.table(results(webhook=[40.0, 50.0, 60.0])).splitlines()
    assert [row.split(" | ")[0].strip("| ") for row in rows] == [each.title for each in MEASURED]
    assert rows[-1].endswith("| 50 ms | 1 ms |")
