"""What the files of the scalar types share: write, read back, find again, in lists too."""

from typing import Any


async def there_and_back(db: Any, model: str, field: str, value: Any) -> Any:
    """Write a value in every way that there is; the answer is what came back, always the same."""
    actions = getattr(db, model)
    created = await actions.create(data={field: value})
    answer = getattr(created, field)
    await actions.create_many(data=[{field: value}, {}])
    empty = await actions.find_first(where={field: None})
    updated = await actions.update(where={"id": empty.id}, data={field: value})
    upserted = await actions.upsert(
        where={"id": 10**6}, data={"create": {field: value}, "update": {}}
    )
    await actions.update_many(where={"id": upserted.id}, data={field: None})
    await actions.update_many(where={"id": upserted.id}, data={field: value})
    rows = await actions.find_many()
    for row in (updated, upserted, *rows):
        assert getattr(row, field) == answer
    assert len(rows) == 4
    return answer


async def list_there_and_back(db: Any, field: str, values: list[Any], model: str = "lists") -> Any:
    """Write a list in every way that there is; the answer is what came back, the same each time."""
    actions = getattr(db, model)
    created = await actions.create(data={field: values})
    answer = getattr(created, field)
    await actions.create(data={field: {"set": values}})
    await actions.create_many(data=[{field: values}])
    other = await actions.create(data={})
    assert getattr(other, field) == []
    await actions.update(where={"id": other.id}, data={field: {"set": values}})
    pushed = await actions.create(data={})
    await actions.update(where={"id": pushed.id}, data={field: {"push": values}})
    for row in await actions.find_many():
        assert getattr(row, field) == answer
    await actions.delete_many()
    return answer


async def found(db: Any, model: str, where: Any) -> list[int]:
    """The ids of the records that match."""
    rows = await getattr(db, model).find_many(where=where, order={"id": "asc"})
    return [row.id for row in rows]


async def check_list_filters(
    db: Any, field: str, one: Any, two: Any, other: Any, model: str = "lists"
) -> None:
    """has, has_every, has_some, is_empty and equals, with two values that are there and one not."""
    await getattr(db, model).create_many(
        data=[{field: [one, two]}, {field: [two, one]}, {field: [one]}, {field: []}, {}]
    )

    async def ids(condition: Any) -> list[int]:
        return await found(db, model, {field: condition})

    assert await ids({"has": one}) == [1, 2, 3]
    assert await ids({"has": two}) == [1, 2]
    assert await ids({"has": other}) == []
    assert await ids({"has_every": [one, two]}) == [1, 2]
    assert await ids({"has_every": [one, other]}) == []
    assert await ids({"has_some": [two, other]}) == [1, 2]
    assert await ids({"has_some": []}) == []
    assert await ids({"has_every": []}) == [1, 2, 3, 4]
    assert await ids({"is_empty": True}) == [4]
    assert await ids({"is_empty": False}) == [1, 2, 3]
    assert await ids({"equals": [one, two]}) == [1]
    assert await ids({"equals": [two, one]}) == [2]
    assert await ids({"equals": []}) == [4]
    assert await found(db, model, {"NOT": [{field: {"has": two}}]}) == [3, 4]
