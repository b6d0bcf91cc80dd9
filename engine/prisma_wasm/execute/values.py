"""Values in a plan: constants, placeholders and generators, as functions of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from prisma_wasm.execute.generators import generator
from prisma_wasm.execute.run import Run
from prisma_wasm.plan import PrismaValue, UnknownPlanError, unknown

Evaluate = Callable[[Run], Any]


class Scope:
    """Names in a plan, each with a place of its own in the run's frame."""

    def __init__(self, *, as_text: bool = False) -> None:
        # Whether dates and decimals of the answer are texts (see mapping.Context).
        self.as_text = as_text
        self._names: dict[str, int] = {}
        self._shared: list[int] = [0]

    def nested(self) -> Scope:
        """A scope in which these names are known and more can be."""
        inner = Scope(as_text=self.as_text)
        inner._names = dict(self._names)
        inner._shared = self._shared
        return inner

    def bind(self, name: str) -> int:
        """A new place for this name."""
        place = self._names[name] = self._shared[0]
        self._shared[0] += 1
        return place

    def place(self, name: str) -> int:
        """Where the name's value is."""
        if name not in self._names:
            raise UnknownPlanError(f"The query compiler uses a name that it never bound: {name!r}")
        return self._names[name]

    @property
    def size(self) -> int:
        return self._shared[0]


def compile_value(value: PrismaValue, scope: Scope) -> Evaluate:
    """How to come by a value when a plan runs."""
    if isinstance(value, dict):
        return _compile_tagged(cast("dict[str, Any]", value), scope)
    if isinstance(value, list) and not is_constant(cast("list[Any]", value)):
        items = [compile_value(item, scope) for item in cast("list[Any]", value)]
        return lambda run: [item(run) for item in items]
    return _constant(value)


def _constant(value: Any) -> Evaluate:
    return lambda _run: value


def is_constant(value: PrismaValue) -> bool:
    """Whether the value is the same in every run."""
    if isinstance(value, dict):
        return "prisma__type" not in value
    if isinstance(value, list):
        return all(is_constant(item) for item in cast("list[Any]", value))
    return True


def _compile_tagged(value: dict[str, Any], scope: Scope) -> Evaluate:
    kind = value.get("prisma__type")
    if kind is None:
        return lambda _run: value
    content = value["prisma__value"]
    if kind == "param":
        return _placeholder(str(content["name"]), scope)
    if kind == "generatorCall":
        generate = generator(content["name"])
        args = [compile_value(item, scope) for item in content["args"]]
        return lambda run: generate(run, [arg(run) for arg in args])
    raise unknown("a kind of value", value)


def _placeholder(name: str, scope: Scope) -> Evaluate:
    if name.startswith("%"):
        index = int(name[1:])
        return lambda run: run.values[index]
    place = scope.place(name)
    return lambda run: run.frame[place]
