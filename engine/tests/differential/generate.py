"""Draws the steps of a run: the same seed draws the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from .calls import Step
from .filters import Filters
from .mistakes import spoil
from .raw import Raw
from .reads import Reads
from .schema import Model, models
from .values import Values
from .writes import Writes


class Generator:
    """All kinds of steps, by weight."""

    def __init__(self, seed: int) -> None:
        self._values = Values(Random(seed))  # noqa: S311 - no secret
        filters = Filters(self._values)
        self._reads = Reads(self._values, filters)
        self._raw = Raw(self._values)
        self._writes = Writes(self._values, filters, self._reads)

    def steps(self, count: int) -> Iterator[Step]:
        for _ in range(count):
            yield self._step()

    def _step(self) -> Step:
        share = self._values.random.random()
        if share < 0.04:
            return self._writes.batch()
        if share < 0.08:
            return self._writes.transaction()
        if share < 0.11:
            return self._raw.call()
        draw = self._writes.call if share < 0.5 else self._reads.call
        call = draw(self._model())
        return spoil(call, self._values) if self._values.chance(0.04) else call

    def _model(self) -> Model:
        weights = {"User": 4, "Post": 4, "Kind": 2, "Membership": 2, "Category": 2, "Note": 2}
        names = list(models())
        shares = [weights.get(name, 1) for name in names]
        return models()[self._values.random.choices(names, shares)[0]]
