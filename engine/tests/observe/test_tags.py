"""`tagged`: comments in the statements, as the server sees them."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from prisma_wasm import tagged
from prisma_wasm.bridge import SyncBridge
from prisma_wasm.observe.tags import current, with_tags, without_tags
from prisma_wasm.package import package_of

OWN_STATEMENT = "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()"


async def seen(client: Any) -> str:
    """A raw query's text as the server shows it."""
    return (await client.query_first(OWN_STATEMENT))["query"]


async def test_the_server_sees_them(db: Any) -> None:
    """The tags of a block are at the end of its statements, sorted and encoded; and only there."""
    with tagged(route="/v1/me", action="read me"):
        inside = await seen(db)

    assert inside == f"{OWN_STATEMENT} /*action='read%20me',route='%2Fv1%2Fme'*/"
    assert await seen(db) == OWN_STATEMENT


@pytest.mark.parametrize("values", [{"route": "/v1/me"}, {"b.é": "it's */ 5%", "a": ""}])
def test_a_statement_without_its_tags(values: dict[str, str]) -> None:
    """The tags can be taken off, and nothing else that a statement ends with."""
    with tagged(traceparent=False, **values):
        tags = current()
    assert tags is not None
    made = with_tags(tags, "SELECT 1", raw=True)
    assert made != "SELECT 1"
    assert without_tags(made) == "SELECT 1"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "SELECT 1 /* of a caller's */",
        "SELECT 1 /* of /*a='b'*/",
        "SELECT 1 -- of /*a='b'*/",
        "SELECT '/*a' -- */",
    ],
)
def test_a_statement_without_tags(sql: str) -> None:
    """Comments of the caller's own stay."""
    assert without_tags(sql) == sql


async def test_every_kind_of_statement(db: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Reads, writes, relations, batches and transactions of models are tagged too."""
    caplog.set_level(logging.DEBUG, "prisma_wasm.query")
    with tagged(route="/kinds"):
        team = await db.team.create(data={"name": "kinds", "users": {"create": {"email": "k@x"}}})
        await db.user.update_many(where={"teamId": team.id}, data={"age": 3})
        await db.team.find_many(include={"users": True})
        async with db.batch_() as batch:
            batch.team.create_many(data=[{"name": f"kind {number}"} for number in range(2_500)])
        async with db.tx() as tx:
            await tx.execute_raw('UPDATE "User" SET age = age + 1')
            await tx.team.delete_many(where={"name": {"startswith": "kind "}})

    statements: list[Any] = [
        record for record in caplog.records if record.name == "prisma_wasm.query"
    ]
    texts = [record.sql for record in statements if record.sql not in ("BEGIN", "COMMIT")]
    assert len(texts) >= 9
    assert [text for text in texts if not text.endswith(" /*route='%2Fkinds'*/")] == []


async def test_blocks_in_blocks(db: Any) -> None:
    """An inner block adds tags and overrides those of its name, until it ends."""
    with tagged(route="/a", app="x"):
        with tagged(route="/b", job="7"):
            assert (await seen(db)).endswith(" /*app='x',job='7',route='%2Fb'*/")
        assert (await seen(db)).endswith(" /*app='x',route='%2Fa'*/")


async def test_transactions(db: Any) -> None:
    """What counts is the block of the statement, not that of its transaction."""
    with tagged(route="/begin"):
        transaction = db.tx()
        tx = await transaction.start()
    with tagged(route="/inside"):
        assert (await seen(tx)).endswith("/*route='%2Finside'*/")
    await transaction.rollback()
    with tagged(route="/begin"):
        tx = await transaction.start()
    assert await seen(tx) == OWN_STATEMENT
    await transaction.rollback()


async def test_tasks(db: Any) -> None:
    """Tasks started in a block have its tags; those beside it have their own."""

    async def query(route: str) -> str:
        with tagged(route=route):
            await asyncio.sleep(0)
            return await seen(db)

    with tagged(app="x"):
        texts = await asyncio.gather(*[query(f"r{number}") for number in range(20)])

    assert [text.partition("/*")[2] for text in texts] == [
        f"app='x',route='r{number}'*/" for number in range(20)
    ]


def test_synchronous_clients(package: Any, url: str) -> None:
    """A query of a synchronous client has its caller's tags, though it runs in another thread."""
    engine = SyncBridge(package_of(f"{package.__name__}.client"), Path(), log_queries=False)
    engine.connect(datasources=[{"name": "db", "url": url}])
    query: dict[str, Any] = {"query": OWN_STATEMENT, "parameters": []}
    with tagged(route="/sync"):
        answer = engine.execute("query_raw", query, None, None, None)
    engine.close()

    assert answer["data"]["result"]["rows"] == [[f"{OWN_STATEMENT} /*route='%2Fsync'*/"]]


@pytest.mark.parametrize(
    "value",
    ["*/; DROP TABLE \"User\"; --", "'", "\\'", "/*", "a\nb\0c", "$1", "é \ud800", "%27", ""],
)  # fmt: skip
async def test_hostile_values(db: Any, value: str) -> None:
    """No value or name gets out of the comment, and none hurts the statement."""
    tags: dict[str, Any] = {"x": value, f"n{value}": "y"}
    with tagged(**tags):
        text = await seen(db)
        assert await db.user.count(where={"email": "nobody"}) == 0

    statement, _, comment = text.partition(" /*")
    assert statement == OWN_STATEMENT
    assert comment.endswith("'*/")
    assert not set(comment[:-2]) - set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%_.-~=',"
    )


async def test_own_comments(db: Any) -> None:
    """A raw statement with comments of its own stays as it was written."""
    with tagged(route="/a"):
        for own in (f"{OWN_STATEMENT} -- mine", f"/* mine */ {OWN_STATEMENT}"):
            assert (await db.query_first(own))["query"] == own


async def test_errors_are_the_same(db: Any, package: Any) -> None:
    """Tagged statements fail as others do, and the connection goes on."""
    with tagged(route="/a"):
        await db.team.create(data={"name": "once"})
        with pytest.raises(package.errors.UniqueViolationError):
            await db.team.create(data={"name": "once"})
        with pytest.raises(package.errors.RawQueryError):
            await db.query_raw("SELECT nothing FROM nowhere")
        assert (await db.team.find_unique(where={"name": "once"})).name == "once"


async def test_prepared_statements(package: Any, url: str) -> None:
    """Tags that do not repeat push out no prepared statement; those that do are prepared."""
    limits = "&connection_limit=1&statement_cache_size=10"
    async with package.Prisma(datasource={"url": url + limits}) as db:

        async def prepared(text: str) -> int:
            """How many of the server's prepared statements have this in them."""
            found = await db.query_raw(
                "SELECT count(*)::int AS n FROM pg_prepared_statements"
                " WHERE strpos(statement, $1) > 0",
                text,
            )
            return found[0]["n"]

        for _ in range(3):
            await db.team.count()
        for number in range(50):
            with tagged(request=f"unique{number}"):
                await db.user.find_many(where={"age": number})
        assert await prepared('FROM (SELECT "public"."Team"') == 1
        assert await prepared("request=") == 0
        for _ in range(3):
            with tagged(route="again"):
                await db.user.find_many(where={"age": 1})
        assert await prepared("/*route='again'*/") == 1


async def test_wrong_tags() -> None:
    """A value that is no text is refused by its name, and a block is entered once."""
    with pytest.raises(TypeError, match="tag `user` must be a str, not int"):
        tagged(user=7)  # pyright: ignore[reportArgumentType]  # what is tested
    block = tagged(user="7")
    with block:
        pass
    with pytest.raises(RuntimeError, match="entered once"), block:
        pass
