"""What a process keeps has a limit, however many schemas, shapes and models it sees."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

from prisma_wasm.caching import Generations, Room
from prisma_wasm.compiler import Compiler
from prisma_wasm.compiler.instances import Instances
from prisma_wasm.package import ModelTables
from prisma_wasm.plans import Plans
from prisma_wasm.protocol import Fields, lift

from .test_compiler import Hosts
from .test_compiler import hosts as hosts  # a fixture
from .test_compiler import wasm as wasm  # a fixture
from .test_shape import INPUTS, SCHEMA, lifted_of

_SCHEMAS = 500
_MODELS = 10_000


class _Watched(Room):
    """A room that knows what its caches really hold."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.plans: list[Plans] = []

    def held(self) -> int:
        programs = [plans._programs for plans in self.plans]  # pyright: ignore[reportPrivateUsage]
        return sum(
            program.weight for cache in programs for program in (cache.young | cache.old).values()
        )


async def test_many_schemas(wasm: Path, hosts: Hosts) -> None:
    """500 PostgreSQL schemas share one limit for plans, and a few instances of the compiler.

    What is in use stays: the first schema is asked for again and again.
    """
    room, instances = _Watched(1_000_000), Instances(kept=3, memory_limit=6_000_000)
    queries = [
        lifted_of("find_many", where={"id": 1}),
        lifted_of("find_first", where={"email": "a"}),
    ]
    most_instances = most_held = 0
    for number in range(_SCHEMAS):
        compiler = Compiler(wasm, SCHEMA, f"tenant_{number}", instances)
        plans = Plans(compiler, room)
        room.plans.append(plans)
        for query in queries:
            await plans.compile(query)
            assert room.plans[0].find(query) is not None
            assert plans.find(query) is not None
        most_instances = max(most_instances, len(hosts.open))
        most_held = max(most_held, room.held())
        assert sum(host.memory_size() for host in hosts.open) <= 6_000_000
    assert len(hosts.made) == _SCHEMAS
    assert most_instances <= 3
    assert room.size // 2 < most_held <= room.size
    assert room.plans[0].metrics.compilations == len(queries)
    assert room.plans[1].find(queries[0]) is None
    # A schema whose plans and instance are gone is served as before.
    assert await room.plans[1].compile(queries[0])
    assert len(hosts.open) <= 3


def test_memory_of_instances(wasm: Path, hosts: Hosts) -> None:
    """Large instances are closed before there are many of them, the one in use last."""
    instances = Instances(kept=100, memory_limit=4_000_000)
    compilers = [Compiler(wasm, SCHEMA, f"tenant_{number}", instances) for number in range(6)]
    query = {"arguments": {}, "selection": {"id": True}}
    for compiler in compilers:
        compiler.compile({"modelName": "User", "action": "findMany", "query": query})
        assert compiler.memory_size() > 0
    assert len(hosts.open) in (2, 3)
    assert compilers[0].memory_size() == 0


def test_an_instance_ends_with_its_compiler(wasm: Path, hosts: Hosts) -> None:
    """A compiler that nobody has any more leaves no instance behind."""
    compiler = Compiler(wasm, SCHEMA, "public", Instances())
    query = {"arguments": {}, "selection": {"id": True}}
    compiler.compile({"modelName": "User", "action": "findMany", "query": query})
    del compiler
    gc.collect()
    assert (len(hosts.made), hosts.open) == (1, [])


def test_one_limit_for_several_caches() -> None:
    """What all of them keep counts together, and a value that is too large for all is not kept."""
    room = Room(100)
    caches: list[Generations[int, str]] = [Generations(room) for _ in range(10)]
    for number in range(1_000):
        caches[number % 10].keep(number, "value", 10)
        assert sum(map(len, caches)) <= 10
    caches[0].keep(-1, "large", 51)
    assert -1 not in caches[0].young


def test_a_cache_that_is_gone_takes_no_room() -> None:
    """The memory of a schema that no client uses any more is for others."""
    room = Room(100)
    for number in range(50):
        cache: Generations[int, str] = Generations(room)
        cache.keep(number, "value", 10)
    gc.collect()
    assert len(room._caches) == 1  # pyright: ignore[reportPrivateUsage]


class _Builder:
    """The part of a generated package's query builder that is asked about a model."""

    def get_default_fields(self, model: type[Any]) -> list[str]:
        return model.own_fields

    def get_relational_model(self, current_model: type[Any], field: str) -> type[Any]:
        assert field in ("posts", "author")
        return current_model.leads_to[0]


class _Package:
    def builder(self, model: type[Any]) -> _Builder:
        del model
        return _Builder()


def _throw_away(number: int) -> type[Any]:
    """A model with fields of its own that refers to another one, which refers to it."""
    fields = ["id", f"field{number}"]
    user: Any = type("User", (), {"__prisma_model__": "User", "own_fields": fields})
    post: Any = type("Post", (), {"__prisma_model__": "Post", "own_fields": fields})
    user.leads_to, post.leads_to = [post], [user]
    return user


def test_many_models() -> None:
    """Of 10,000 throw-away models nothing stays: not the classes, and few of their fields."""
    package: Any = _Package()
    tables = ModelTables(package)
    alive: weakref.WeakSet[type[Any]] = weakref.WeakSet()
    for number in range(_MODELS):
        model = _throw_away(number)
        alive.add(model)
        include = {"posts": {"include": {"author": True}}}
        for _ in range(2):
            lift(INPUTS, tables, "find_many", {"include": include}, model, None)
        assert tables.known(model).related("posts") is model.leads_to[0]
        if number % 1_000 == 0:
            gc.collect()
            assert len(alive) == 1
    gc.collect()
    assert len(alive) <= 1  # the last one
    assert len(tables._known) <= 2  # pyright: ignore[reportPrivateUsage]
    remembered = Fields.of.cache_info()
    assert remembered.currsize == remembered.maxsize == 1_000


def test_models_with_the_same_fields_share_plans() -> None:
    """Classes that are made anew for each request are of one shape while their fields are known."""
    keys = {lifted_of("find_many", where={"id": 1}).key for _ in range(3)}
    assert len(keys) == 1
    assert Fields.of(("id", "other")) is Fields.of(("id", "other"))
    assert Fields.of(("id", "other")) is not Fields.of(("other", "id"))
