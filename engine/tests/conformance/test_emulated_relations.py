"""relationMode = "prisma": without foreign keys the engine keeps relations, for many records.

Each answer and the rows that it leaves are the original engine's (5.17).
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from fix_client import GenerateClient, Generated


@pytest.fixture(scope="session")
def emulated(generate_client: GenerateClient) -> Generated:
    """The client of that schema."""
    return generate_client(Path(__file__).parent / "emulated.prisma")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def connected(
    emulated: Generated, database_of: Callable[[Generated], str]
) -> AsyncIterator[Any]:
    """A client of that schema, connected."""
    client = emulated.package.Prisma(datasource={"url": database_of(emulated)})
    await client.connect()
    yield client
    await client.disconnect()


@pytest_asyncio.fixture(loop_scope="session")
async def boards(connected: Any) -> Any:
    """Two boards; three charts, two on the second board, each with an alert and an owner."""
    for table in ("Board", "Chart", "Alert", "Owner", "Seal"):
        await connected.execute_raw(f'TRUNCATE "{table}"')
    await connected.board.create_many(data=[{"id": 1}, {"id": 2}])
    charts = [(1, 1), (2, 2), (3, 2)]
    await connected.chart.create_many(
        data=[{"id": n, "key": f"k{n}", "boardId": board} for n, board in charts]
    )
    await connected.alert.create_many(data=[{"id": n, "chartId": n} for n in (1, 2, 3)])
    await connected.owner.create_many(data=[{"id": n, "chartKey": f"k{n}"} for n in (1, 2, 3)])
    return connected


async def _rows(db: Any) -> dict[str, list[tuple[Any, ...]]]:
    """What is in the tables, by the fields that relations are made of."""
    columns = {
        "chart": ("id", "key", "boardId"),
        "alert": ("id", "chartId"),
        "owner": ("id", "chartKey"),
    }
    found: dict[str, list[tuple[Any, ...]]] = {}
    for model, names in columns.items():
        rows = await getattr(db, model).find_many(order={"id": "asc"})
        found[model] = [tuple([getattr(row, name) for name in names]) for row in rows]
    return found


async def test_delete_many(boards: Any) -> None:
    """Alerts lose their chart and owners are deleted with theirs; 5.17 deletes all three."""
    assert await boards.chart.delete_many() == 3
    alerts: list[Any] = [(1, None), (2, None), (3, None)]
    assert await _rows(boards) == {"chart": [], "alert": alerts, "owner": []}


async def test_delete_many_through_two_relations(boards: Any) -> None:
    """Boards take their charts along, and what depends on these."""
    assert await boards.board.delete_many() == 2
    alerts: list[Any] = [(1, None), (2, None), (3, None)]
    assert await _rows(boards) == {"chart": [], "alert": alerts, "owner": []}


async def test_delete_of_one_record_with_many_below(boards: Any) -> None:
    """One board is deleted with two charts, each of which has one alert and one owner."""
    assert (await boards.board.delete(where={"id": 2})).id == 2
    assert await _rows(boards) == {
        "chart": [(1, "k1", 1)],
        "alert": [(1, 1), (2, None), (3, None)],
        "owner": [(1, "k1")],
    }


async def test_update_many(boards: Any) -> None:
    """An id that changes is changed where records refer to it; all three are updated."""
    assert await boards.chart.update_many(where={}, data={"id": {"increment": 10}}) == 3
    assert await _rows(boards) == {
        "chart": [(11, "k1", 1), (12, "k2", 2), (13, "k3", 2)],
        "alert": [(1, 11), (2, 12), (3, 13)],
        "owner": [(1, "k1"), (2, "k2"), (3, "k3")],
    }


async def test_update_many_of_another_field(boards: Any) -> None:
    """What no relation is made of is updated alone."""
    assert await boards.chart.update_many(where={"id": {"gt": 1}}, data={"boardId": 1}) == 2
    assert (await _rows(boards))["chart"] == [(1, "k1", 1), (2, "k2", 1), (3, "k3", 1)]


async def test_update_many_to_the_same_key(boards: Any, emulated: Generated) -> None:
    """Two charts cannot have one key: P2002, as in 5.17, and nothing is changed."""
    before = await _rows(boards)
    with pytest.raises(emulated.package.errors.UniqueViolationError) as caught:
        await boards.chart.update_many(where={}, data={"key": "same"})
    assert caught.value.code == "P2002"
    assert await _rows(boards) == before


@pytest.mark.parametrize("action", ["delete_many", "update_many"])
async def test_restricted(boards: Any, emulated: Generated, action: str) -> None:
    """A seal on one of the charts keeps all of them as they are: P2014, as in 5.17."""
    await boards.seal.create_many(data=[{"id": 1, "chartId": 2}, {"id": 2, "chartId": 3}])
    before = await _rows(boards)
    arguments = {} if action == "delete_many" else {"data": {"id": {"increment": 10}}, "where": {}}
    with pytest.raises(emulated.package.errors.DataError) as caught:
        await getattr(boards.chart, action)(**arguments)
    assert caught.value.code == "P2014"
    assert await _rows(boards) == before


@pytest.mark.parametrize(
    ("action", "arguments", "name"),
    [
        ("create", {"data": {"id": 1}}, "createOnePlace"),
        ("create_many", {"data": [{"id": 1}, {"id": 2}]}, "createManyPlace"),
        (
            "upsert",
            {"where": {"id": 1}, "data": {"create": {"id": 1}, "update": {}}},
            "upsertOnePlace",
        ),
    ],
)
async def test_an_operation_that_a_model_does_not_have(
    connected: Any, emulated: Generated, action: str, arguments: dict[str, Any], name: str
) -> None:
    """A model with a required `Unsupported` field cannot be created.

    To 5.17's GraphQL, which the client spoke, that was a field that Mutation does not have: P2009,
    which the client raises as FieldNotFoundError. (Its JSON protocol gives no code.)
    """
    for _ in range(2):  # compiled, and from the cache
        with pytest.raises(emulated.package.errors.FieldNotFoundError) as caught:
            await getattr(connected.place, action)(**arguments)
        assert caught.value.code == "P2009"
        assert str(caught.value) == f"Field '{name}' not found in enclosing type 'Mutation'"
        assert caught.value.meta["kind"] == "UnknownSelectionField"
        assert caught.value.meta["selectionPath"] == [name]
    assert await connected.place.update_many(where={}, data={"name": "x"}) == 0
