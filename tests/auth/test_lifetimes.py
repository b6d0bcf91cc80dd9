"""Sessions end at a fixed time, however often they are refreshed."""

from datetime import UTC, datetime, timedelta

import pytest
from prisma import Prisma

from app.settings import ROOT
from tests.auth.refreshing import ANN, log_in, refresh, session_of, works
from tests.fix_api import Api

MIGRATION = ROOT / "prisma/migrations/20261130120000_absolute_lifetime_of_sessions/migration.sql"


class TestAbsoluteLifetime:
    """A session ends at the time that was fixed when it began, however often it is refreshed."""

    @pytest.fixture
    def api_settings(self) -> dict[str, str]:
        return {"SESSION_DAYS": "40"}

    async def test_it_is_fixed_at_the_log_in(self, api: Api):
        """It comes from the settings, and a refresh does not move it."""
        pair = await log_in(api)
        begun = await session_of(api, pair)
        pair = (await refresh(api, pair["refreshToken"])).json()
        session = await session_of(api, pair)

        lifetime = session.endsAt - session.createdAt
        assert abs(lifetime - timedelta(days=40)) < timedelta(minutes=1)
        assert session.endsAt == begun.endsAt

    async def test_a_refresh_does_not_go_beyond_it(self, api: Api):
        """The session and its refresh tokens expire then at the latest."""
        pair = await log_in(api)
        ends = datetime.now(UTC) + timedelta(hours=1)
        await api.owner.session.update_many(where={}, data={"endsAt": ends})

        pair = (await refresh(api, pair["refreshToken"])).json()

        session = await session_of(api, pair)
        (newest,) = [row for row in session.refreshTokens or [] if row.rotatedAt is None]
        assert session.expiresAt == session.endsAt == newest.expiresAt

    async def test_a_session_that_reached_it_is_over(self, api: Api):
        """Neither of its tokens is accepted, although it was used a moment ago."""
        pair = await log_in(api)
        over = datetime.now(UTC)
        await api.owner.session.update_many(where={}, data={"endsAt": over})
        assert (await refresh(api, pair["refreshToken"])).status_code == 401

        assert await works(api, pair)
        await api.owner.session.update_many(where={}, data={"expiresAt": over})
        assert not await works(api, pair)


class TestShortLifetime:
    """SESSION_DAYS below the time after which an unused session expires."""

    @pytest.fixture
    def api_settings(self) -> dict[str, str]:
        return {"SESSION_DAYS": "1"}

    async def test_a_log_in_does_not_go_beyond_it(self, api: Api):
        """The first tokens expire with the session too."""
        session = await session_of(api, await log_in(api))

        assert session.expiresAt == session.endsAt < datetime.now(UTC) + timedelta(days=1)
        assert [row.expiresAt for row in session.refreshTokens or []] == [session.endsAt]


async def test_a_session_made_by_a_former_version_has_an_end(api: Api):
    """A process that does not know of the column yet leaves it to the database: 90 days."""
    ann = await api.person("ann")
    await api.owner.execute_raw(
        'INSERT INTO "Session" (id, "userId", "expiresAt") SELECT gen_random_uuid(), id, now() '
        'FROM "User"'
    )

    sessions = await api.owner.session.find_many(where={"NOT": [{"id": ann.session}]})

    assert [row.endsAt - row.createdAt for row in sessions] == [timedelta(days=90)]


async def test_the_migration_limits_sessions_that_exist(owner: Prisma):
    """They end 90 days after they began; what was to last longer is cut, and nothing else."""
    user = await owner.user.create({"email": ANN})
    now = datetime.now(UTC)
    await owner.execute_raw('ALTER TABLE "Session" DROP COLUMN "endsAt"')
    for days in (100, 70, 1):
        await owner.execute_raw(
            """
            INSERT INTO "Session" (id, "userId", "createdAt", "expiresAt")
            VALUES (gen_random_uuid(), $1::uuid, $2, $3)
            """,
            user.id,
            now - timedelta(days=days),
            now + timedelta(days=30),
        )
    for statement in MIGRATION.read_text(encoding="utf-8").split(";\n"):
        await owner.execute_raw(statement)  # pyright: ignore[reportArgumentType]  # a file of ours

    sessions = await owner.session.find_many(order={"createdAt": "asc"})

    assert {row.endsAt - row.createdAt for row in sessions} == {timedelta(days=90)}
    left = [round((row.expiresAt - now) / timedelta(days=1)) for row in sessions]
    assert left == [-10, 20, 30]
