"""Applications that look at the client's engine, wrap it, or put another one in its place."""

import json
import re
from typing import Any, TypedDict

import pytest


class Counting:
    """An application's wrapper, which sees each request and passes it on."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.texts: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def query(self, content: str, *, tx_id: str | None) -> Any:
        self.texts.append(content)
        return self._engine.query(content, tx_id=tx_id)


class StandIn:
    """An application's engine for tests, which never talks to a database."""

    def __init__(self) -> None:
        self.stopped = False

    async def connect(self, **_options: Any) -> None:
        pass

    async def aclose(self, **_options: Any) -> None:
        pass

    def stop(self, **_options: Any) -> None:
        self.stopped = True

    async def query(self, content: str, *, tx_id: str | None) -> Any:
        assert tx_id is None
        assert "findUniqueUser" in content
        return {
            "data": {
                "result": {
                    "id": 7, "email": "from@stand.in", "role": "USER", "credit": "0", "tags": [],
                    "joinedAt": "2026-01-01T00:00:00Z",
                }
            }
        }  # fmt: skip


@pytest.mark.parametrize("name", ["_engine", "_internal_engine", "_Prisma__engine"])
async def test_a_wrapper_sees_the_text_of_each_query(db: Any, name: str) -> None:
    """5.17: the client calls `engine.query(content, tx_id=...)` with the query's GraphQL text."""
    wrapper = Counting(getattr(db, name))
    setattr(db, name, wrapper)
    user = await db.user.create(data={"email": "a@b.c", "posts": {"create": [{"title": "one"}]}})
    found = await db.user.find_unique_or_raise(where={"id": user.id}, include={"posts": True})
    assert [post.title for post in found.posts] == ["one"]
    assert await db.query_raw("SELECT 1 + $1::int AS n", 2) == [{"n": 3}]
    assert await db.execute_raw('UPDATE "User" SET name = $1', "x") == 1
    texts = [json.loads(text)["query"] for text in wrapper.texts]
    roots = [re.findall(r"result: (\w+)", text)[0] for text in texts]
    assert roots == ["createOneUser", "findUniqueUserOrThrow", "queryRaw", "executeRaw"]
    assert "SELECT 1 + $1::int AS n" in texts[2]


async def test_a_wrapper_sees_batches_and_transactions(db: Any) -> None:
    """5.17: a batch is one request of JSON; queries of a transaction come with its id."""
    wrapper = db._engine = Counting(db._engine)
    async with db.batch_() as batch:
        batch.user.create(data={"email": "one@b.c"})
        batch.user.create(data={"email": "two@b.c"})
    [text] = wrapper.texts
    sent = json.loads(text)
    assert [len(sent["batch"]), sent["transaction"]] == [2, True]
    async with db.tx() as tx:
        assert await tx.user.count() == 2
        async with tx.batch_() as batch:
            batch.user.delete(where={"email": "one@b.c"})
    assert len(wrapper.texts) == 3
    assert await db.user.count() == 1


async def test_a_wrapper_sees_extensions(db: Any) -> None:
    """What 5.17's client could not ask comes by its name alone, and is run all the same."""

    class Email(TypedDict):
        email: str

    wrapper = db._engine = Counting(db._engine)
    await db.user.create_many_and_return(data=[{"email": "a@b.c"}])
    await db.user.update_many_and_return(data={"name": "x"}, where={})
    assert await db.user.aggregate(count=True) == {"_count": {"_all": 1}}
    assert await db.user.select(Email).find_many() == [{"email": "a@b.c"}]
    async with db.batch_() as batch:
        batch.user.create(data={"email": "d@b.c"})
        number = batch.user.count()
    assert number.result() == 2
    texts = [json.loads(text)["query"] for text in wrapper.texts[:4]]
    assert [re.findall(r"result: (\w+)", text)[0] for text in texts] == [
        "createManyAndReturnUser", "updateManyAndReturnUser", "aggregateUser", "findManyUser",
    ]  # fmt: skip


async def test_errors_come_through_a_wrapper(db: Any, prisma: Any) -> None:
    """A wrapper changes nothing in what a query raises."""
    db._engine = Counting(db._engine)
    await db.user.create(data={"email": "a@b.c"})
    with pytest.raises(prisma.errors.UniqueViolationError):
        await db.user.create(data={"email": "a@b.c"})
    with pytest.raises(prisma.errors.FieldNotFoundError):
        await db.user.find_first(where={"nothing": 1})


def test_a_wrapper_of_the_synchronous_engine(sync_db: Any) -> None:
    """The synchronous client asks its engine in the same way."""
    wrapper = sync_db._engine = Counting(sync_db._engine)
    sync_db.user.create(data={"email": "a@b.c"})
    with sync_db.tx() as tx, tx.batch_() as batch:
        batch.user.create(data={"email": "b@b.c"})
    assert sync_db.user.count() == 2
    assert len(wrapper.texts) == 3


async def test_a_text_that_the_client_did_not_make_is_refused(db: Any) -> None:
    """5.17 ran any GraphQL; this engine runs the client's calls and says what to use instead."""
    with pytest.raises(NotImplementedError, match="query_raw"):
        await db._engine.query("query { result: findManyUser { id } }", tx_id=None)


async def test_an_engine_of_the_applications_own(prisma: Any) -> None:
    """5.17: whatever `_create_engine` returns is the engine; nothing else is asked."""
    engine = StandIn()

    class Client(prisma.Prisma):
        def _create_engine(self, dml_path: Any = None) -> Any:
            return engine

    client = Client()
    await client.connect()
    user = await client.user.find_unique_or_raise(where={"id": 7})
    assert (user.id, user.email) == (7, "from@stand.in")
    await client.disconnect()
    assert engine.stopped


async def test_process_tells_whether_the_engine_runs(prisma: Any, url: str) -> None:
    """5.17: `process` is None until connect() and after disconnect(); test suites ask for it."""
    client = prisma.Prisma(datasource={"url": url})
    assert getattr(client._internal_engine, "process", None) is None
    await client.connect()
    process = client._engine.process
    assert process
    assert process.poll() is None
    engine = client._engine
    await client.disconnect()
    assert engine.process is None


def test_process_of_the_synchronous_engine(sync_db: Any) -> None:
    """The synchronous engine answers in the same way."""
    engine = sync_db._engine
    assert engine.process
    sync_db.disconnect()
    assert engine.process is None


async def test_the_engine_has_no_process_that_could_be_killed(db: Any) -> None:
    """5.17 had a child process; who stops engines by pid must not stop the application."""
    assert getattr(db._engine.process, "pid", 0) == 0
    with pytest.raises(AttributeError, match="Disconnect the client"):
        db._engine.process.kill()


async def test_the_engine_is_one_of_upstreams_kind(
    db: Any, prisma: Any, sync_db: Any, sync_prisma: Any
) -> None:
    """`isinstance` with upstream's abstract engines is true, as it was."""
    assert isinstance(db._engine, prisma.engine.AsyncAbstractEngine)
    assert isinstance(db._engine, prisma.engine.AbstractEngine)
    async with db.tx() as tx:
        assert isinstance(tx._engine, prisma.engine.AsyncAbstractEngine)
    assert isinstance(sync_db._engine, sync_prisma.engine.SyncAbstractEngine)
    assert not isinstance(sync_db._engine, sync_prisma.engine.AsyncAbstractEngine)
