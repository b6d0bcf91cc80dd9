"""The real express, express-session and connect-pg-simple share sessions with the API."""

import json
from datetime import timedelta

import pytest
from prisma import Prisma

from app import db
from app.auth.sessions import IDLE_LIFETIME
from app.operations import sweeps
from tests.auth.browsing import (
    ANN,
    age,
    browser,
    cookie_of,
    row_of,
    session_of,
    sid_of,
    sign,
    use_secrets,
    web_log_in,
)
from tests.auth.sharing import TABLE, is_installed, sharing
from tests.fix_api import Api

pytestmark = is_installed

OLD, NEW = "the secret that signed until today", "the secret that signs from now on"
IDLE = IDLE_LIFETIME.total_seconds()
SWEEP = sweeps.sweep  # the fixture of the API replaces it
# Of the server and of the Node process.
ZONES = [("Asia/Tokyo", "America/New_York"), ("America/New_York", "Asia/Tokyo"), ("UTC", "UTC")]


async def log_in(api: Api) -> str:
    await api.person("ann")
    return cookie_of(await web_log_in(api))


async def test_each_side_reads_what_the_other_wrote(api: Api):
    """Express finds our user in its session; we accept a session that Express began, and keep what
    it wrote into ours."""
    cookie = await log_in(api)
    session = await session_of(api, cookie)
    ours = {"userId": session.userId, "sessionId": session.id}
    async with sharing(api) as express:
        assert await express.session(cookie) == ours

        written = await express.write(cookie, cart=["a whale"], theme="dark")
        assert "set-cookie" not in written.headers or cookie_of(written) == cookie
        assert (await browser(api, cookie).get("/v1/me")).json()["email"] == ANN
        assert await express.session(cookie) == {**ours, "cart": ["a whale"], "theme": "dark"}

        theirs = cookie_of(await express.write("", **ours))
        assert sid_of(theirs) != sid_of(cookie)
        assert sign(api, sid_of(theirs)) == theirs
        assert (await browser(api, theirs).get("/v1/me")).json()["email"] == ANN
        assert (await browser(api, cookie).get("/v1/me")).status_code == 401
        assert await express.session(cookie) == {}


async def test_a_session_of_express_alone_is_none_of_ours(api: Api):
    """Its cookie is signed with our secret, and signs nobody in."""
    async with sharing(api) as express:
        theirs = cookie_of(await express.write("", cart=["a whale"]))

        assert (await browser(api, theirs).get("/v1/me")).status_code == 401
        assert await express.session(theirs) == {"cart": ["a whale"]}


async def test_a_touch_only_moves_the_expiry(api: Api):
    """Whichever side it comes from; the document stays the same to the byte."""
    cookie = await log_in(api)
    async with sharing(api) as express:
        await express.write(cookie, cart=["a whale"])
        for touch in (
            lambda: browser(api, cookie).get("/v1/me"),
            lambda: express.request("GET", "/session", cookie),
        ):
            await age(api)
            before = await row_of(api, cookie)
            assert (await touch()).status_code == 200
            after = await row_of(api, cookie)

            assert before
            assert after
            assert after["sess"] == before["sess"]
            assert before["seconds"] < IDLE - 7_000
            assert IDLE - 60 < after["seconds"] < IDLE + 60


@pytest.mark.parametrize("side", ["ours", "theirs"])
async def test_log_out_on_one_side_is_log_out_on_the_other(api: Api, side: str):
    """The row is gone for both."""
    cookie = await log_in(api)
    async with sharing(api) as express:
        assert "userId" in await express.session(cookie)
        if side == "ours":
            answer = await browser(api, cookie).post("/v1/auth/log-out")
        else:
            answer = await express.request("DELETE", "/session", cookie)
        assert answer.status_code == 204

        assert (await browser(api, cookie).get("/v1/me")).status_code == 401
        assert await express.session(cookie) == {}


async def test_whatever_ends_the_session_ends_it_for_express(api: Api):
    """As when its user ends it from another device."""
    cookie = await log_in(api)
    session = await session_of(api, cookie)
    elsewhere = await api.signed_in(session.userId, ANN)
    async with sharing(api) as express:
        assert (await elsewhere.delete(f"/v1/me/sessions/{session.id}")).status_code == 204

        assert await express.session(cookie) == {}


async def test_secrets_rotate_on_both_sides(api: Api):
    """Each accepts what the other signed with a listed secret; a retired one signs nobody in."""
    use_secrets(api, OLD)
    old = await log_in(api)
    use_secrets(api, NEW, OLD)
    new = cookie_of(await web_log_in(api))
    async with sharing(api, NEW, OLD) as express:
        for cookie in (old, new):
            assert "userId" in await express.session(cookie)
        session = await session_of(api, new)
        ours = {"userId": session.userId, "sessionId": session.id}
        theirs = cookie_of(await express.write("", **ours))
        assert (await browser(api, theirs).get("/v1/me")).status_code == 200
    use_secrets(api, NEW)
    async with sharing(api, NEW) as express:
        assert await express.session(old) == {}
        assert (await browser(api, old).get("/v1/me")).status_code == 401
        assert await express.session(theirs) == ours
        assert (await browser(api, theirs).get("/v1/me")).status_code == 200


async def use_zone(api: Api, zone: str) -> None:
    """Give the database a time zone, and connect again: it holds for new connections."""
    name = await api.owner.query_first('SELECT current_database()::text AS "name"')
    await api.owner.execute_raw(f"ALTER DATABASE \"{name['name']}\" SET TimeZone = '{zone}'")  # pyright: ignore[reportArgumentType]  # of this file
    await api.owner.disconnect()
    await db.disconnect()
    await api.owner.connect()
    await db.connect(api.app.state.settings)
    for client in (api.owner, db.prisma):
        (shown,) = await client.query_raw("SELECT current_setting('TimeZone') AS \"zone\"")
        assert shown["zone"] == zone


@pytest.mark.parametrize(("server_zone", "node_zone"), ZONES)
async def test_time_zones_change_nothing(api: Api, server_zone: str, node_zone: str):
    """`expire` has none: both sides write the same instant, refuse what has expired and accept the
    last minute, and neither prunes what the other still uses."""
    await use_zone(api, server_zone)
    cookie = await log_in(api)
    session = await session_of(api, cookie)
    own = json.dumps({"cookie": {}, "userId": session.userId, "sessionId": session.id})
    async with sharing(api, zone=node_zone) as express:
        assert "userId" in await express.session(cookie)
        by_express = await row_of(api, cookie)
        await age(api)
        assert (await browser(api, cookie).get("/v1/me")).status_code == 200
        by_us = await row_of(api, cookie)
        assert by_express
        assert by_us
        assert abs(by_express["seconds"] - IDLE) < 60
        assert abs(by_us["seconds"] - IDLE) < 60

        for prune in (
            lambda: SWEEP(api.owner, api.app.state.settings),
            lambda: express.request("POST", "/prune", ""),
        ):
            await api.write_web_session("over", own, expires=timedelta(minutes=-1))
            await api.write_web_session("last minute", own, expires=timedelta(minutes=1))
            over, last = sign(api, "over"), sign(api, "last minute")
            assert (await browser(api, over).get("/v1/me")).status_code == 401
            assert await express.session(over) == {}
            await prune()
            assert await row_of(api, over) is None
            assert (await browser(api, last).get("/v1/me")).status_code == 200
            assert "userId" in await express.session(last)
            await api.owner.websession.delete_many()


async def test_the_table_is_that_of_connect_pg_simple(owner: Prisma):
    """Columns, types, collations, constraints and indexes are what its own table.sql creates."""
    ours = await describe(owner, "public")
    await owner.execute_raw("CREATE SCHEMA theirs")
    async with owner.tx() as tx:
        await tx.execute_raw("SET LOCAL search_path = theirs")
        for statement in TABLE.read_text(encoding="utf-8").split(";"):
            if statement.strip():
                await tx.execute_raw(statement)  # pyright: ignore[reportArgumentType]  # a file of the package

    assert await describe(owner, "theirs") == ours
    assert len(ours) == 6


async def describe(owner: Prisma, schema: str) -> list[str]:
    """Return the definitions of the columns, constraints, indexes and triggers of the table."""
    rows = await owner.query_raw(
        """
        SELECT replace("found", $1 || '.', '') AS "found" FROM (
            SELECT to_regclass($1 || '.session') AS "table"
        ) AS "named", LATERAL (
            SELECT concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull,
                attcollation::regcollation, pg_get_expr(adbin, adrelid))
            FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
            WHERE attrelid = "table" AND attnum > 0
            UNION ALL
            SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conrelid = "table" AND contype <> 'n'  -- attnotnull says that
            UNION ALL
            SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = "table"
            UNION ALL
            SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = "table"
        ) AS "definitions" ("found")
        ORDER BY "found"
        """,
        schema,
    )
    return [row["found"] for row in rows]
