"""Has anything become slower or faster? Ratios of a short run against those that are committed.

Of the processor's time for a request, which other work on the machine disturbs less than rates.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.contract import ENDPOINTS
from bench.errors import BenchError
from bench.peers import OURS
from bench.results import Ratio, Results, ratio_by_processor

# Of the same framework and interpreter: what differs is ours.
REFERENCES = ("fastapi_asyncpg",)
LEAST = 0.05  # what is less than this is nothing


@dataclass(frozen=True)
class Comparison:
    """One ratio, then and now."""

    endpoint: str
    reference: str
    then: Ratio
    now: Ratio

    @property
    def change(self) -> float:
        return self.now.median / self.then.median - 1

    @property
    def has_moved(self) -> bool:
        """By more than the noise: no round of one run lies among the rounds of the other."""
        apart = self.now.low > self.then.high or self.now.high < self.then.low
        return apart and abs(self.change) > LEAST


def compared(then: Results, now: Results) -> Iterator[Comparison]:
    """Our server against each reference, on every endpoint."""
    for reference in REFERENCES:
        for endpoint in now.endpoints():
            if reference not in then.peers or endpoint not in then.endpoints():
                raise BenchError(f"The committed results have no {endpoint} of {reference}.")
            yield Comparison(
                endpoint,
                reference,
                ratio_by_processor(then, endpoint, OURS, reference, steady=True),
                ratio_by_processor(now, endpoint, OURS, reference, steady=True),
            )


def other_ground(then: Results, now: Results) -> Iterator[str]:
    """What else than the code may have moved figures."""
    for name in ("python", "cores", "load"):
        was, is_ = then.settings[name], now.settings[name]
        if was != is_:
            yield f"Not on the same ground: {name} was {was} where the figures were made, is {is_}."


def lines(comparisons: list[Comparison], then: Results) -> Iterator[str]:
    """A line for each, and what moved."""
    titles = {each.name: each.title for each in ENDPOINTS}
    yield f"{'our ratio to':22} {'on':34} {'committed':>18} {'now':>18}"
    for each in comparisons:
        title = then.peers[each.reference].title
        mark = f"  {each.change:+.0%}" if each.has_moved else ""
        ratios = f"{_shown(each.then)} {_shown(each.now)}"
        yield f"{title[:22]:22} {titles[each.endpoint]:34} {ratios}{mark}"
    moved = [each for each in comparisons if each.has_moved]
    if not moved:
        yield "Nothing moved by more than the noise."
    for each in moved:
        word = "faster" if each.change > 0 else "SLOWER"
        title = then.peers[each.reference].title
        yield f"{word}: {titles[each.endpoint]}, {each.change:+.0%} against {title}"


def _shown(ratio: Ratio) -> str:
    return f"{ratio.median:5.2f} ({ratio.low:.2f}-{ratio.high:.2f})".rjust(18)
