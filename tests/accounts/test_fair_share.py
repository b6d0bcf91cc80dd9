"""No caller keeps the hashing of passwords to itself: others, and known clients first, get in."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import httpx
import pytest

from app.accounts.own_passwords import PASSWORDS_OF_USER
from app.accounts.recent import MAX_AGE, RecentLogIns
from app.auth import passwords
from app.auth.hashing import HashingQueue
from tests.accounts.test_busy import blocking
from tests.accounts.test_log_in_limits import log_in_from
from tests.fix_api import PASSWORD, Api
from tests.fix_work import Counter

ANN = "ann@example.com"
NEW = "a fourth horse on the moon"
WEAK = "passwort"


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[HashingQueue]:
    """A queue with one thread and 16 slots."""
    queue = HashingQueue(1, slots=16, longest_wait=60)
    monkeypatch.setattr(passwords, "_queue", queue)
    yield queue
    assert queue.taken == 0


Answers = list[asyncio.Task[httpx.Response]]


async def held_by(queue: HashingQueue, *requests: Coroutine[Any, Any, httpx.Response]) -> Answers:
    """Start requests one after the other; return those that hold a slot, the others got 503."""
    holding: Answers = []
    for request in requests:
        task = asyncio.ensure_future(request)
        before = queue.taken
        while queue.taken == before and not task.done():  # noqa: ASYNC110  (either may change)
            await asyncio.sleep(0.001)
        if task.done():
            assert task.result().json()["code"] == "server_busy"
        else:
            holding.append(task)
    return holding


@pytest.mark.parametrize(
    ("addresses", "share"),
    [
        (["192.0.2.1"] * 6, 4),
        ([f"2001:db8:0:{number:x}::1" for number in range(8)], 6),
    ],
    ids=["address", "IPv6 /56"],
)
async def test_one_network_holds_no_more_than_its_share(
    api: Api, queue: HashingQueue, addresses: list[str], share: int
):
    """Its further log-ins are told to come back; somebody elsewhere gets in."""
    await api.person("ann")
    with blocking(queue):
        attack = [
            log_in_from(api, address, f"user{number}@example.com", "wrong")
            for number, address in enumerate(addresses)
        ]
        holding = await held_by(queue, *attack)
        assert len(holding) == share
        holder = await held_by(queue, log_in_from(api, "203.0.113.9"))
    assert [(await task).status_code for task in holder] == [200]
    await asyncio.gather(*holding)


async def test_known_clients_get_in_while_strangers_fill_the_queue(api: Api, queue: HashingQueue):
    """A known device may log in from anywhere, and anyone from where a log-in succeeded."""
    await api.person("ann")
    await api.person("bob")
    device = (await log_in_from(api, "203.0.113.1")).json()["deviceToken"]
    assert (await log_in_from(api, "203.0.113.2", "bob@example.com")).status_code == 200
    with blocking(queue):
        attack = [
            log_in_from(api, f"192.0.2.{number}", f"user{number}@example.com", "wrong")
            for number in range(14)
        ]
        holding = await held_by(queue, *attack)
        assert len(holding) == 12
        known = await held_by(
            queue,
            log_in_from(api, "203.0.113.99", ANN, deviceToken=device),
            log_in_from(api, "203.0.113.2", "bob@example.com"),
        )
        assert not await held_by(
            queue, log_in_from(api, "203.0.113.98", ANN, deviceToken="a.9999999999.b")
        )
    assert [(await task).status_code for task in known] == [200, 200]
    await asyncio.gather(*holding)


async def test_one_user_holds_no_more_than_a_slot_of_sixteen(api: Api, queue: HashingQueue):
    """The limit holds however many sessions check a password at once."""
    ann = await api.person("ann")
    sessions = [ann, *[await api.signed_in(ann.id, ANN) for _ in range(2)]]
    content = {"currentPassword": "wrong", "newPassword": NEW}
    with blocking(queue):
        checks = [session.post("/v1/me/password", content) for session in sessions]
        holding = await held_by(queue, *checks)
        assert len(holding) == 1
        stranger = await held_by(queue, log_in_from(api, "203.0.113.9"))
    assert [(await task).status_code for task in stranger] == [200]
    await asyncio.gather(*holding)


async def test_a_weak_new_password_costs_nothing(api: Api, work: Counter):
    """It is refused before the current one is counted or hashed, right or wrong."""
    ann = await api.person("ann")
    for current in (PASSWORD, "wrong"):
        with work.counting() as done:
            refused = await ann.post(
                "/v1/me/password", {"currentPassword": current, "newPassword": WEAK}
            )
        assert refused.json()["code"] == "weak_password"
        assert done.hashes == 0
    assert await api.owner.throttle.count() == 0


async def test_checks_of_a_password_that_succeed_have_a_limit(api: Api, work: Counter):
    """It is the user's, whichever session asks, and no success resets it."""
    ann = await api.person("ann")
    other = await api.signed_in(ann.id, ANN)
    content = {"currentPassword": PASSWORD, "newPassword": NEW}
    assert (await ann.post("/v1/me/password", content)).status_code == 204
    used_up = await api.owner.throttle.update_many(
        where={"key": {"startswith": f"{PASSWORDS_OF_USER.name} "}},
        data={"count": PASSWORDS_OF_USER.max_attempts},
    )
    assert used_up == 1
    other = await api.signed_in(ann.id, ANN)

    with work.counting() as done:
        refused = await other.post(
            "/v1/me/password", {"currentPassword": NEW, "newPassword": PASSWORD}
        )

    assert refused.status_code == 429
    assert done.hashes == 0


def test_recent_log_ins_are_forgotten():
    """After a day, and the oldest when there are too many; an unknown address is no place."""
    now = [0.0]
    recent = RecentLogIns(max_log_ins=2, clock=lambda: now[0])
    for email in ("a", "b", "a", "c"):
        recent.remember(email, "192.0.2.1")
    recent.remember("a", "")
    assert [recent.has(email, "192.0.2.1") for email in "abc"] == [True, False, True]
    assert not recent.has("a", "192.0.2.2")
    assert not recent.has("a", "")
    now[0] += MAX_AGE
    assert not recent.has("a", "192.0.2.1")
