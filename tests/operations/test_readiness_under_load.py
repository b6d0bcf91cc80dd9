"""A database that is busy or lost refuses nobody in advance; only one that is not safe does."""

import asyncio

import pytest
from prisma.errors import DataError, PrismaError

from app import db
from app.operations import readiness
from tests.fix_api import Api

_UNANSWERED = 3


def error(code: str) -> PrismaError:
    return DataError({"user_facing_error": {"error_code": code, "message": "failed"}})


@pytest.fixture(autouse=True)
def always_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every caller see the newest state of the database, not that of a moment ago."""
    monkeypatch.setattr(readiness, "_REUSE", 0.0)


@pytest.fixture
def reconnects(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Return a list that grows with every reconnect, none of which is carried out."""
    made: list[None] = []
    monkeypatch.setattr(db, "reconnect_embedded", lambda: made.append(None))
    return made


def fail_checks(monkeypatch: pytest.MonkeyPatch, code: str | None) -> None:
    """Let the checks' queries fail with a code, or time out; other queries work."""
    if code is None:
        monkeypatch.setattr(readiness, "_ANSWER_LIMIT", 0.0)
        return

    class Failing:
        async def query_first(self, *_: object) -> object:
            raise error(code)

    monkeypatch.setattr(readiness, "prisma", Failing())


@pytest.mark.parametrize("code", [None, "P1008", "P2024", "P1001", "P1017"])
async def test_a_check_without_an_answer_refuses_nobody(
    api: Api, monkeypatch: pytest.MonkeyPatch, reconnects: list[None], code: str | None
):
    """Whoever keeps the database busy does not shut out everybody else, however long."""
    ann = await api.person("ann")
    assert (await api.anonymous.get("/ready")).status_code == 200
    fail_checks(monkeypatch, code)
    for _ in range(2 * _UNANSWERED):
        await api.anonymous.get("/ready")
        assert (await ann.get("/v1/me")).status_code == 200


@pytest.mark.parametrize("code", [None, "P1008", "P2024"])
async def test_ready_reports_a_busy_database_after_several_checks(
    api: Api, monkeypatch: pytest.MonkeyPatch, reconnects: list[None], code: str | None
):
    """One late answer is no reason to take the service out of rotation, nor to reconnect."""
    assert (await api.anonymous.get("/ready")).status_code == 200
    fail_checks(monkeypatch, code)
    statuses = [(await api.anonymous.get("/ready")).status_code for _ in range(_UNANSWERED + 1)]

    assert statuses == [200] * (_UNANSWERED - 1) + [503] * 2
    assert not reconnects

    monkeypatch.undo()
    assert (await api.anonymous.get("/ready")).status_code == 200


async def test_ready_reports_a_lost_database_at_once(
    api: Api, monkeypatch: pytest.MonkeyPatch, reconnects: list[None]
):
    """There is nothing to wait for, and an embedded server may have moved."""
    fail_checks(monkeypatch, "P1001")

    assert (await api.anonymous.get("/ready")).status_code == 503
    assert reconnects


async def test_a_database_that_never_answered_is_not_used(
    api: Api, monkeypatch: pytest.MonkeyPatch
):
    """A database that never answered is not known to be safe."""
    ann = await api.person("ann")
    monkeypatch.setattr(readiness, "_state", readiness._State())  # pyright: ignore[reportPrivateUsage]  # as after a start
    fail_checks(monkeypatch, None)

    answer = await ann.get("/v1/me")

    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")


async def test_after_a_loss_it_is_checked_without_anybody_asking(
    api: Api, monkeypatch: pytest.MonkeyPatch, reconnects: list[None]
):
    """What answers next may be another database: one without policies is not used."""
    ann = await api.person("ann")
    await api.owner.execute_raw('CREATE TABLE "Phone" ()')
    assert (await ann.get("/v1/me")).status_code == 200
    readiness.translate_database_error(error("P1017"))
    for _ in range(1000):
        if not readiness.is_ready():
            break
        await asyncio.sleep(0.01)

    assert (await ann.get("/v1/me")).json()["code"] == "database_unprotected"
