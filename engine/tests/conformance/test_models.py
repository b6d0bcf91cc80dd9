"""Models as doors to their actions, models of one's own, registered clients."""

import gc
import json
import subprocess
import sys
import weakref
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from fix_client import Generated
from prisma._compat import model_dict, model_json
from pydantic import ValidationError

from conformance.people import team_of_four


@pytest.fixture
def registered(prisma: Any, db: Any) -> Iterator[Any]:
    """The shared client, registered while the test runs."""
    registry: Any = sys.modules[f"{prisma.__name__}._registry"]
    prisma.register(db)
    yield db
    registry._registered_client = None


async def test_model_based_access(registered: Any, prisma: Any) -> None:
    """`User.prisma()` has all of a model's actions."""
    users = prisma.models.User.prisma()
    made = await users.create(data={"email": "a"})
    assert isinstance(made, prisma.models.User)
    assert await users.find_unique(where={"id": made.id}) == made
    assert await users.update(where={"id": made.id}, data={"age": 1}) is not None
    assert await users.count() == 1
    assert await users.group_by(by=["age"]) == [{"age": 1}]
    assert (await users.query_first('SELECT * FROM "User"')).email == "a"
    assert await users.delete_many() == 1
    assert await registered.user.count() == 0


async def test_registered_function(prisma: Any, db: Any) -> None:
    """A function may be registered that gives the client."""
    registry: Any = sys.modules[f"{prisma.__name__}._registry"]
    prisma.register(lambda: db)
    try:
        assert prisma.get_client() is db
        assert await prisma.models.Team.prisma().count() == 0
        with pytest.raises(prisma.errors.ClientAlreadyRegisteredError):
            prisma.register(db)
    finally:
        registry._registered_client = None


async def test_nothing_registered(prisma: Any) -> None:
    """Without a client the way through a model is closed."""
    with pytest.raises(prisma.errors.ClientNotRegisteredError):
        prisma.models.User.prisma()


async def test_own_model(db: Any, prisma: Any) -> None:
    """A model of one's own asks only for the fields that it has."""
    await team_of_four(db)

    class PostTitle(prisma.bases.BasePost):
        title: str

    class Author(prisma.bases.BaseUser):
        name: str | None
        posts: list[PostTitle] | None = None

    author = await Author.prisma(db).find_first(
        where={"name": "Ada"}, include={"posts": {"order_by": {"title": "asc"}}}
    )
    assert model_dict(author) == {
        "name": "Ada",
        "posts": [{"title": "Engines"}, {"title": "Notes"}],
    }
    made = await Author.prisma(db).create(data={"email": "new", "name": "New"})
    assert made == Author(name="New")
    changed = await Author.prisma(db).update(where={"email": "new"}, data={"name": None})
    assert changed.name is None
    rows = await Author.prisma(db).query_raw('SELECT name FROM "User" WHERE name = $1', "Ada")
    assert rows == [Author(name="Ada")]


async def test_own_model_of_a_document(db: Any, prisma: Any) -> None:
    """A Json field may be read into a model that is none of the client's."""
    from pydantic import BaseModel, Json

    class Point(BaseModel):
        x: int

    class Placed(prisma.bases.BaseScalars):
        doc: Json[Point] | None

    await db.scalars.create(data={"doc": prisma.Json({"x": 5})})
    row = await Placed.prisma(db).find_first()
    assert row.doc.x == 5


async def test_own_model_that_does_not_fit(db: Any, prisma: Any) -> None:
    """A value that the model refuses is the model's own error."""

    class Named(prisma.bases.BaseUser):
        name: str

    await db.user.create(data={"email": "x"})
    with pytest.raises(ValidationError):
        await Named.prisma(db).find_first()


async def test_models_are_pydantic_models(db: Any, prisma: Any) -> None:
    """Records can be dumped as JSON and read again."""
    await db.strict.create(
        data={
            "string": "s",
            "bool": True,
            "int": 1,
            "big": 2**60,
            "float": 0.5,
            "dec": 1.5,
            "moment": "2024-01-02T03:04:05.678Z",
            "doc": prisma.Json({"a": 1}),
            "blob": prisma.Base64.encode(b"\x00"),
            "role": "ADMIN",
        }
    )
    row = await db.strict.find_first()
    dumped = json.loads(model_json(row))
    assert datetime.fromisoformat(dumped["moment"]) == row.moment
    assert (dumped["blob"], dumped["doc"]) == ("AA==", {"a": 1})


def test_from_any_folder(generated: Generated) -> None:
    """The package works in a process whose working folder is anywhere."""
    code = (
        f"import sys; sys.path.insert(0, {str(generated.folder)!r}); import {generated.name} as p;"
        "print(p.Prisma(datasource={'url': 'postgresql://x'}).is_connected())"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == ("False", 0), done.stderr


async def test_models_that_are_thrown_away(registered: Any, prisma: Any) -> None:
    """Models that a program makes for a moment leave nothing behind, also ones with a relation."""
    data = {"email": "a", "boss": {"create": {"email": "b"}}}
    await registered.user.create(data=data)
    alive: weakref.WeakSet[type[Any]] = weakref.WeakSet()

    async def use(number: int) -> None:
        annotations = {"id": int, "boss": f"User{number} | None"}
        members = {"__annotations__": annotations, "__module__": __name__, "boss": None}
        model: Any = type(f"User{number}", (prisma.bases.BaseUser,), members)
        alive.add(model)
        users = await model.prisma().find_many(include={"boss": True}, order={"email": "asc"})
        assert type(users[0].boss) is model

    for number in range(30):
        await use(number)
    gc.collect()
    assert len(alive) == 0
