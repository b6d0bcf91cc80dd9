"""Plans: compiled once, refused where they depend on values; the compiler is told what to say."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from prisma_wasm.plans import Plans
from prisma_wasm.protocol import Lifted

from .test_shape import lifted_of

pytestmark = pytest.mark.asyncio
_LIMIT = 60
_PATHS = ({"path": ["first"], "gt": "1"}, {"path": ["other"], "gt": "2"})


class _Compiler:
    """Answers with what `plan` makes of a query."""

    def __init__(self, plan: Callable[[dict[str, Any]], Any]) -> None:
        self._plan = plan
        self.go_on = threading.Event()
        self.go_on.set()
        self.compiled: list[dict[str, Any]] = []

    def compile(self, query: dict[str, Any], *, keep: bool = False) -> Any:
        del keep
        assert self.go_on.wait(_LIMIT)
        self.compiled.append(query)
        return {"type": "value", "args": self._plan(query)}


def _plans(plan: Callable[[dict[str, Any]], Any]) -> tuple[Plans, _Compiler]:
    compiler: Any = _Compiler(plan)
    return Plans(compiler), compiler


def _doc(query: dict[str, Any]) -> tuple[str, str]:
    """What the compiler sees of the path and of the number in a filter of a document."""
    doc = query["query"]["arguments"]["where"]["doc"]
    return doc["path"][0], doc["gt"]["value"]


async def _answer(plans: Plans, query: Lifted) -> Any:
    program = plans.find(query) or await plans.compile(query)
    session: Any = None
    return await program.run(query.values, session)


async def test_stand_ins_become_values() -> None:
    """Where a plan has the stand-ins as they are, each query gets its own values."""
    plans, compiler = _plans(lambda query: list(_doc(query)))
    answers = [await _answer(plans, lifted_of("find_many", where={"doc": doc})) for doc in _PATHS]
    assert answers == [["first", "1"], ["other", "2"]]
    assert (len(compiler.compiled), plans.count) == (1, 1)


def _derived(template: str, path: str, number: str) -> Any:
    text = template.replace("PATH", path).replace("NUMBER", number)
    return json.loads(text.replace("NEXT", str(int(number) + 1)))


@pytest.mark.parametrize(
    "template",
    [
        '["PATH", "NUMBER", "%PATH%"]',
        '["PATH", "NUMBER", "$.PATH[0]"]',
        '["PATH", "NUMBER", {"chunk": "LIMIT NUMBER"}]',
        '["PATH", "NUMBER", {"PATH": 1}]',
        '["PATH", "NUMBER", "NEXT"]',
        '["PATH", "NUMBER", NEXT]',
        '["PATH", "NUMBER", "NUMBER0"]',
        '["PATH"]',
    ],
)
async def test_a_plan_made_of_a_stand_in_is_not_kept(template: str) -> None:
    """A plan with a stand-in inside of something else is made again for each query's own values.

    That it depends on values is found out once.
    """
    plans, compiler = _plans(lambda query: _derived(template, *_doc(query)))
    for doc, own in zip(_PATHS, (("first", "1"), ("other", "2")), strict=True):
        query = lifted_of("find_many", where={"doc": doc})
        assert await _answer(plans, query) == _derived(template, *own)
        assert plans.find(query) is None
    assert (len(compiler.compiled), plans.count) == (3, 0)


async def test_no_shape_is_compiled_twice() -> None:
    """Callers that come while a shape is compiled wait for it, whoever of them gives up."""
    plans, compiler = _plans(lambda _query: 7)
    compiler.go_on.clear()
    query = lifted_of("find_many", where={"id": 1})
    callers = [asyncio.ensure_future(plans.compile(query)) for _ in range(20)]
    await asyncio.sleep(0)
    for caller in callers[::2]:
        caller.cancel()
    compiler.go_on.set()
    done = await asyncio.wait_for(asyncio.gather(*callers, return_exceptions=True), _LIMIT)
    assert len({id(program) for program in done[1::2]}) == 1
    assert all(isinstance(program, asyncio.CancelledError) for program in done[::2])
    assert (len(compiler.compiled), plans.metrics.compilations) == (1, 1)
    assert await _answer(plans, query) == 7
    assert (plans.metrics.hits, plans.metrics.misses) == (1, 20)
