"""What applications do with records, fields, partial types and the registered client."""

import importlib
import json
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, create_model


@contextmanager
def registered(prisma: Any, client: Any) -> Generator[None]:
    """Register a client for the length of a block."""
    prisma.register(client)
    try:
        yield
    finally:
        unregister(prisma)


def unregister(prisma: Any) -> None:
    importlib.import_module(f"{prisma.__name__}.testing").unregister_client()


async def test_records_are_pydantic_models(db: Any, prisma: Any) -> None:
    """Responses of APIs, caches and logs are made from records in each of these ways."""
    made = await db.user.create(
        data={
            "email": "a@b.c",
            "settings": prisma.Json({"theme": ["dark", None, 1.5]}),
            "avatar": prisma.Base64.encode(b"\x00\xff"),
            "credit": Decimal("12.50"),
            "tags": ["x"],
        }
    )
    assert made.avatar.decode() == b"\x00\xff"
    assert made.settings == {"theme": ["dark", None, 1.5]}
    assert made.model_dump(exclude={"id", "joinedAt"})["tags"] == ["x"]
    # A generated model takes a Json field as text, like upstream's own parsing of answers.
    made.settings = None
    dumped = made.model_dump()
    assert prisma.models.User.model_validate(dumped) == made
    assert prisma.models.User(**dumped) == made
    assert json.loads(made.model_dump_json())["avatar"] == "AP8="
    assert made.model_copy(update={"name": "new"}).name == "new"
    assert dict(made)["email"] == "a@b.c"

    answer: Any = create_model("Answer", user=(prisma.models.User, ...))
    assert answer(user=made).user is made


async def test_models_that_applications_derive(db: Any, prisma: Any) -> None:
    """Models from `bases`, from generated models, and with fields of other types."""
    await db.user.create(
        data={"email": "a@b.c", "name": "Ada", "posts": {"create": [{"title": "t"}]}}
    )

    class Mail(prisma.bases.BaseUser):
        email: str

    class Loud(prisma.models.User):
        @property
        def shout(self) -> str:
            return f"{self.email.upper()}!"

    class Free(BaseModel):
        email: str
        count: int

    with registered(prisma, db):
        assert (await Mail.prisma().find_first_or_raise()).model_dump() == {"email": "a@b.c"}
        assert (await Loud.prisma().find_first_or_raise()).shout == "A@B.C!"
    rows = await db.query_raw('SELECT email, 2 AS count FROM "User"', model=Free)
    assert rows == [Free(email="a@b.c", count=2)]
    [record] = await db.query_raw('SELECT * FROM "User"', model=prisma.models.User)
    assert record.name == "Ada"


async def test_the_registered_client(db: Any, prisma: Any) -> None:
    """`register` of a client or a function, `auto_register`, `get_client`, `Model.prisma()`."""
    with registered(prisma, db):
        assert db.is_registered()
        assert prisma.get_client() is db
        user = await prisma.models.User.prisma().create(data={"email": "a@b.c"})
        with pytest.raises(prisma.errors.ClientAlreadyRegisteredError):
            prisma.register(db)
        other = prisma.Prisma()
        assert not other.is_registered()
        async with db.tx() as tx:
            found = await prisma.models.User.prisma(tx).find_unique(where={"id": user.id})
            assert found == user
            assert (tx.is_transaction(), db.is_transaction()) == (True, False)
    with registered(prisma, lambda: db):
        assert prisma.get_client() is db
    with pytest.raises(prisma.errors.ClientNotRegisteredError):
        prisma.get_client()
    try:
        made = prisma.Prisma(auto_register=True)
        assert prisma.get_client() is made
    finally:
        unregister(prisma)


def test_json_and_bytes_fields(prisma: Any) -> None:
    """`Json.keys`, `Json` of any value, and Base64 in both directions."""
    assert prisma.Json.keys(a=1).data == {"a": 1}
    assert prisma.Json([1, None]).data == [1, None]
    encoded = prisma.Base64.encode(b"text")
    assert (encoded.decode(), encoded.decode_str()) == (b"text", "text")
    assert prisma.Base64.fromb64("dGV4dA==") == encoded


async def test_dynamic_access_by_model_name(db: Any) -> None:
    """Helpers that find a model's actions by name, with arguments that were built at run time."""
    for name, data in (("user", {"email": "a@b.c"}), ("post", {"title": "t", "authorId": 1})):
        actions = getattr(db, name)
        await actions.create(data=data)
        assert await actions.count() == 1
        options: dict[str, Any] = {"take": 1, "order": {"id": "asc"}}
        assert await actions.find_many(**options)
    assert db.user._client is db
    assert db.user._model.__name__ == "User"
    assert await db.user.query_raw('SELECT * FROM "User"')
    assert (await db.user.query_first('SELECT * FROM "User"')).email == "a@b.c"
