"""What a type checker makes of queries: the light client has the types that people need."""

import json
import shutil
import sys
import textwrap
from pathlib import Path

from projects import Environment, Project

import nodejs

# A line says what pyright is to find in it: nothing, a type that is revealed, or an error.
_QUERIES = """
    from prisma import Prisma, enums, models, types

    db = Prisma()

    async def right() -> None:
        reveal_type(await db.user.find_unique(where={"id": 1}))  # User | None
        reveal_type(await db.user.find_many(where={"email": {"contains": "a"}}))  # List[User]
        reveal_type(await db.user.create(data={"email": "a"}))  # User
        reveal_type(await db.user.count())  # int
        user = await db.user.find_first_or_raise(include={"posts": True})
        reveal_type(user.posts)  # List[Post] | None
        reveal_type(user.role)  # is "Role"
        await db.user.find_many(
            where={"posts": {"some": {"title": {"startswith": "a"}, "author": {"is": {"id": 1}}}}},
            include={"posts": {"where": {"title": "a"}, "take": 1, "order_by": {"title": "asc"},
                               "include": {"author": True}}},
            order=[{"email": "asc"}, {"id": "desc"}],
        )
        await db.post.create(data={"title": "a", "author": {"connect": {"email": "a"}}})
        await db.user.update(where={"id": 1}, data={"posts": {"create": [{"title": "a"}]}})
        await db.post.upsert(where={"id": "a"},
                             data={"create": {"title": "a", "authorId": 1}, "update": {}})
        where: types.UserWhereInput = {"NOT": [{"role": enums.Role.ADMIN}], "OR": [{"id": 1}]}
        await db.user.delete_many(where=where)
        groups = await models.Post.prisma().group_by(by=["title"], count=True)
        reveal_type(groups)  # PostGroupByOutput

    async def wrong() -> None:
        await db.user.find_unique(where={"id": "1"})  # error
        await db.user.find_many(where={"nothing": 1})  # error
        await db.user.find_many(where={"email": {"contains": 1}})  # error
        await db.user.find_many(include={"post": True})  # error
        await db.user.find_many(order={"email": "up"})  # error
        await db.post.create(data={"author": {"connect": {"id": 1}}})  # error
        await db.post.find_many(where={"author": {"is": {"emails": "a"}}})  # error
        await db.user.update(where={"id": 1}, data={"posts": {"create": [{"name": "a"}]}})  # error
        (await db.user.find_first()).email  # error
"""


def test_queries_have_their_types(project: Project) -> None:
    """Pyright, strict, knows what queries give, and finds each mistake in them, and no other."""
    assert project.prisma("generate").code == 0
    source = textwrap.dedent(_QUERIES).lstrip()
    project.write("queries.py", source)
    options = {"typeCheckingMode": "strict", "reportUnusedExpression": False,
               "include": ["queries.py"]}  # fmt: skip
    project.write("pyrightconfig.json", json.dumps(options))
    done = project.run(
        sys.executable, "-m", "pyright", "--outputjson",
        "--pythonpath", project.environment.program("python"),
    )  # fmt: skip
    said: dict[int, list[str]] = {}
    for item in json.loads(done.out)["generalDiagnostics"]:
        line = item["range"]["start"]["line"]
        is_revealed = item["severity"] == "information"
        said.setdefault(line, []).append(item["message"] if is_revealed else "error")
    for number, line in enumerate(source.splitlines()):
        _code, _, wanted = line.partition("  # ")
        found = said.get(number, [])
        assert bool(found) == bool(wanted), (line, found)
        assert all(wanted in message for message in found), (line, found)


def test_strict_pyright_takes_the_types_of_the_nodejs_package(
    project: Project, new_environment: Environment
) -> None:
    """Upstream's modules import it: without the mark of a typed package each one is an error."""
    site = new_environment.client_package.parent
    shutil.copytree(Path(nodejs.__file__).parent, site / "nodejs")
    project.write("uses.py", "import nodejs\n\nprint(nodejs.node.path)\n")
    options = {"typeCheckingMode": "strict", "include": ["uses.py"]}
    project.write("pyrightconfig.json", json.dumps(options))
    done = project.run(
        sys.executable, "-m", "pyright", "--outputjson",
        "--pythonpath", new_environment.program("python"),
    )  # fmt: skip
    found = json.loads(done.out)["generalDiagnostics"]
    assert [item["message"] for item in found] == []
