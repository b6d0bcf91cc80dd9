"""A client at its usual place, `from prisma import Prisma`, with partial types."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fix_client import generate_in_place
from fix_server import DatabaseServer

_SCHEMA = """
datasource db {
  provider = "postgresql"
  url      = env("DATABASE_URL")
}

generator client {
  provider               = "prisma-client-py"
  interface              = "INTERFACE"
  partial_type_generator = "partial_types.py"
  recursive_type_depth   = 5
}

model User {
  id    Int    @id @default(autoincrement())
  name  String
  email String?
  posts Post[]
}

model Post {
  id       Int    @id @default(autoincrement())
  title    String
  authorId Int
  author   User   @relation(fields: [authorId], references: [id])
}
"""

_PARTIALS = """
from prisma.models import Post, User

Post.create_partial("PostTitle", include={"title"})
User.create_partial("UserInList", include={"id", "name"})
User.create_partial("UserWithEmail", required={"email"}, exclude={"posts"})
User.create_partial("UserWithPosts", include={"name", "posts"}, relations={"posts": "PostTitle"})
User.create_partial("FlatUser", exclude_relational_fields=True)
"""

_TABLES = """
CREATE TABLE "User" (id serial PRIMARY KEY, name text NOT NULL, email text);
CREATE TABLE "Post" (
  id serial PRIMARY KEY, title text NOT NULL, "authorId" int NOT NULL REFERENCES "User"
);
"""

_ASYNC = """
import asyncio
from pydantic import ValidationError
from prisma import Prisma, partials
from prisma._compat import model_dict
from prisma_wasm import stream

async def main() -> None:
    async with Prisma() as client:
        posts = {"create": [{"title": "first"}]}
        await client.user.create(data={"name": "Ada", "posts": posts})
        user = await partials.UserInList.prisma(client).find_first()
        assert model_dict(user) == {"id": 1, "name": "Ada"}, user
        user = await partials.UserWithPosts.prisma(client).find_first(include={"posts": True})
        assert model_dict(user) == {"name": "Ada", "posts": [{"title": "first"}]}, user
        user = await partials.FlatUser.prisma(client).find_first()
        assert model_dict(user) == {"id": 1, "name": "Ada", "email": None}, user
        users = [user async for user in stream(partials.UserInList.prisma(client), batch=1)]
        assert [model_dict(user) for user in users] == [{"id": 1, "name": "Ada"}], users
        try:
            stream(partials.UserWithPosts.prisma(client))
        except ValueError as error:
            assert "UserWithPosts has no field `id`" in str(error), error
        else:
            raise AssertionError("a stream without an id")
        try:
            await partials.UserWithEmail.prisma(client).find_first()
        except ValidationError:
            print("done")

asyncio.run(main())
"""

_SYNC = """
from prisma import Prisma, register
from prisma.models import User
from prisma_wasm import stream

client = Prisma()
register(client)
with client:
    user = User.prisma().create(data={"name": "Ada", "posts": {"create": [{"title": "t"}]}})
    with client.tx() as tx:
        tx.user.update(where={"id": user.id}, data={"name": "Eve"})
    with client.batch_() as batch:
        batch.post.create(data={"title": "u", "authorId": user.id})
    found = client.user.find_unique_or_raise(where={"id": user.id}, include={"posts": True})
    assert (found.name, len(found.posts)) == ("Eve", 2), found
    assert client.query_first('SELECT count(*) AS n FROM "Post"') == {"n": 2}
    assert [post.title for post in stream(client.post, batch=1)] == ["t", "u"]
    assert client.get_metrics().counters
    print("done")
"""


@pytest.mark.parametrize(("interface", "program"), [("asyncio", _ASYNC), ("sync", _SYNC)])
def test_client_at_its_usual_place(
    server: DatabaseServer, database: str, tmp_path: Path, interface: str, program: str
) -> None:
    """Partial types and the synchronous client work at the place that is theirs by default."""
    project = tmp_path / "project"
    project.mkdir()
    schema = project / "schema.prisma"
    schema.write_text(_SCHEMA.replace("INTERFACE", interface), encoding="utf-8")
    (project / "partial_types.py").write_text(_PARTIALS, encoding="utf-8")
    site = tmp_path / "site"
    generate_in_place(schema, site)
    server.execute(_TABLES, database.rpartition("/")[2])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(site), "DATABASE_URL": database},
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
