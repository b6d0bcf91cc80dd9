"""A full queue for password hashing: 503 at once, and nothing else changes."""

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager

import httpx
import pytest

from app.auth import passwords
from app.auth.hashing import SLOTS_PER_THREAD, HashingQueue, default_queue
from app.auth.shares import Claim
from tests.fix_api import PASSWORD, Api, Person

NEW = "a fourth horse on the moon"


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> HashingQueue:
    """A queue with one thread and three slots."""
    queue = HashingQueue(1, slots=3, longest_wait=30)
    monkeypatch.setattr(passwords, "_queue", queue)
    return queue


@contextmanager
def blocking(queue: HashingQueue) -> Generator[threading.Event]:
    """Block the thread until the event is set, at the latest at the end."""
    event = threading.Event()
    queue._executor.submit(event.wait)  # pyright: ignore[reportPrivateUsage]  # the thread is the point
    try:
        yield event
    finally:
        event.set()


@pytest.fixture
def blocked(queue: HashingQueue) -> Iterator[threading.Event]:
    """Block the thread until the event is set."""
    with blocking(queue) as event:
        yield event


Request = Callable[[Api, Person, dict[str, str]], Awaitable[httpx.Response]]

# Every route that hashes a password.
REQUESTS: dict[str, Request] = {
    "sign-up": lambda api, _, __: api.anonymous.post(
        "/v1/auth/sign-up", json={"email": "new@example.com", "password": PASSWORD}
    ),
    "log-in": lambda api, ann, _: api.log_in(ann.email),
    "log-in to no account": lambda api, _, __: api.log_in("nobody@example.com"),
    "confirm": lambda api, _, links: api.anonymous.post(
        "/v1/auth/confirm-email", json={"token": links["confirm"], "password": PASSWORD}
    ),
    "reset": lambda api, _, links: api.anonymous.post(
        "/v1/auth/reset-password", json={"token": links["reset"], "newPassword": NEW}
    ),
    "change password": lambda _, ann, __: ann.post(
        "/v1/me/password", {"currentPassword": PASSWORD, "newPassword": NEW}
    ),
    "delete account": lambda _, ann, __: ann.delete("/v1/me", {"password": PASSWORD}),
}


async def mailed_links(api: Api) -> dict[str, str]:
    await api.person("bob", confirmed=False)
    for route in ("resend-confirmation", "forgot-password"):
        await api.anonymous.post(f"/v1/auth/{route}", json={"email": "bob@example.com"})
    return {
        "confirm": await api.link("bob@example.com", "Confirm your e-mail address"),
        "reset": await api.link("bob@example.com", "Set a new password"),
    }


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_full_queue_refuses_at_once(
    api: Api, queue: HashingQueue, blocked: threading.Event, name: str
):
    """The response is 503 and says how long to wait; no attempt is counted, and a retry works."""
    ann = await api.person("ann")
    links = await mailed_links(api)
    await api.owner.throttle.delete_many()
    waiting = [
        asyncio.create_task(passwords.hash_password("a password")) for _ in range(queue.slots)
    ]
    await asyncio.sleep(0)  # each task runs until it waits for the thread
    assert queue.taken == queue.slots

    refused = await REQUESTS[name](api, ann, links)

    assert refused.status_code == 503
    assert refused.json()["code"] == "server_busy"
    assert int(refused.headers["retry-after"]) > 0
    assert await api.owner.throttle.count() == 0
    assert (await ann.get("/v1/me")).status_code == 200  # what hashes nothing is served
    blocked.set()
    await asyncio.gather(*waiting)
    assert queue.taken == 0
    retried = await REQUESTS[name](api, ann, links)
    assert retried.is_success or (name == "log-in to no account" and retried.status_code == 401)


@pytest.mark.parametrize("name", ["sign-up", "log-in", "confirm", "change password"])
async def test_an_attempt_is_refunded_if_the_queue_fills_up_meanwhile(
    api: Api, queue: HashingQueue, monkeypatch: pytest.MonkeyPatch, name: str
):
    """It is counted before it takes a slot; without a slot it was no attempt."""
    ann = await api.person("ann")
    links = await mailed_links(api)
    await api.owner.throttle.delete_many()

    def nothing(_: Claim) -> None: ...

    monkeypatch.setattr(passwords, "require_room", nothing)
    queue._shares.taken = queue.slots  # pyright: ignore[reportPrivateUsage]  # full

    refused = await REQUESTS[name](api, ann, links)

    assert refused.status_code == 503
    counters = await api.owner.throttle.find_many()
    assert counters
    assert {counter.count for counter in counters} == {0}


@pytest.mark.parametrize("route", ["log-in", "sign-up"])
async def test_who_waits_for_the_count_of_attempts_holds_no_slot(
    api: Api, queue: HashingQueue, route: str
):
    """However many attempts of one address wait for its counter, others find room."""
    await api.person("ann")

    def attempt(number: int) -> Awaitable[httpx.Response]:
        content = {"email": f"user{number}@example.com", "password": PASSWORD}
        return api.anonymous.post(f"/v1/auth/{route}", json=content)

    await attempt(0)  # creates the counters
    async with api.owner.tx() as tx:
        await tx.query_raw('SELECT key FROM "Throttle" FOR UPDATE')
        attempts = [asyncio.ensure_future(attempt(1 + each)) for each in range(queue.slots)]
        await waiting_for_locks(api, queue.slots)
        assert queue.taken == 0
        assert (await log_in_from(api, "203.0.113.9")).status_code == 200
    await asyncio.gather(*attempts)


async def log_in_from(api: Api, address: str) -> httpx.Response:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(api.app, client=(address, 1)), base_url="http://tenantry"
    ) as client:
        content = {"email": "ann@example.com", "password": PASSWORD}
        return await client.post("/v1/auth/log-in", json=content)


async def waiting_for_locks(api: Api, count: int) -> None:
    """Return when so many connections wait for a lock."""
    for _ in range(500):
        row = await api.owner.query_first(
            """SELECT count(*)::int AS count FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock'"""
        )
        if row["count"] >= count:
            return
        await asyncio.sleep(0.02)
    pytest.fail("the attempts do not wait for the counter")


async def test_a_burst_is_served_as_far_as_there_are_slots(api: Api, queue: HashingQueue):
    """Of many log-ins at once some get in, the others are told to come back, and no slot leaks."""
    await api.person("ann")
    for round_ in range(2):
        with blocking(queue):
            tasks = [
                asyncio.create_task(log_in_from(api, f"203.0.{round_}.{number}"))
                for number in range(10)
            ]
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            assert {task.result().status_code for task in done} == {503}
        statuses = [answer.status_code for answer in await asyncio.gather(*tasks)]
        assert set(statuses) == {200, 503}
        assert statuses.count(200) >= queue.slots
        assert queue.taken == 0


async def test_nobody_waits_for_ever(
    api: Api, monkeypatch: pytest.MonkeyPatch, blocked: threading.Event
):
    """A slot that gets no thread in time is a 503 as well, and free again."""
    queue = passwords._queue  # pyright: ignore[reportPrivateUsage]  # what it is about
    monkeypatch.setattr(queue, "_longest_wait", 0.05)
    await api.person("ann")

    refused = await api.log_in("ann@example.com")

    assert refused.status_code == 503
    assert refused.json()["code"] == "server_busy"
    assert queue.taken == 0


async def test_hashing_leaves_a_processor_to_the_rest():
    """There are fewer threads than processors, and they yield to the event loop."""
    queue = default_queue()
    threads = queue.slots // SLOTS_PER_THREAD
    assert threads == max(1, (os.cpu_count() or 1) - 1)
    if sys.platform == "linux":
        own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        theirs = await queue.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        assert theirs > own
