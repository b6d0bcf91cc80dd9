"""Report what became slower or faster: compare a short run with the committed results.

It compares ratios of CPU time per request, which other work on the machine disturbs less than
request rates.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.contract import ENDPOINTS
from bench.errors import BenchError
from bench.peers import OURS
from bench.results import Ratio, Results, cpu_ratio

# The same framework and interpreter as ours, so that only our own code differs.
REFERENCES = ("fastapi_asyncpg",)
MIN_CHANGE = 0.05  # smaller changes are not reported


@dataclass(frozen=True)
class Comparison:
    """One ratio, as committed and as measured now."""

    endpoint: str
    reference: str
    committed: Ratio
    current: Ratio

    @property
    def change(self) -> float:
        return self.current.median / self.committed.median - 1

    @property
    def has_changed(self) -> bool:
        """Return whether the rounds of both runs do not overlap and the medians differ enough."""
        is_disjoint = (
            self.current.low > self.committed.high or self.current.high < self.committed.low
        )
        return is_disjoint and abs(self.change) > MIN_CHANGE


def compare(committed: Results, current: Results) -> Iterator[Comparison]:
    """Compare our server with each reference on every endpoint."""
    for reference in REFERENCES:
        for endpoint in current.endpoints():
            if reference not in committed.peers or endpoint not in committed.endpoints():
                raise BenchError(
                    f"The committed results have no figures of {reference} for {endpoint}."
                )
            yield Comparison(
                endpoint,
                reference,
                cpu_ratio(committed, endpoint, OURS, reference, drop_outliers=True),
                cpu_ratio(current, endpoint, OURS, reference, drop_outliers=True),
            )


def environment_changes(committed: Results, current: Results) -> Iterator[str]:
    """Describe differences of the environment that may have changed the figures."""
    for name in ("python", "cores", "load"):
        before, now = committed.settings[name], current.settings[name]
        if before != now:
            yield f"The environment differs: {name} was {before} in the committed run, now {now}."


def format_lines(comparisons: list[Comparison], committed: Results) -> Iterator[str]:
    """Format a line for each comparison, and a summary of the changes."""
    titles = {each.name: each.title for each in ENDPOINTS}
    yield f"{'our ratio to':22} {'on':34} {'committed':>18} {'now':>18}"
    for each in comparisons:
        title = committed.peers[each.reference].title
        mark = f"  {each.change:+.0%}" if each.has_changed else ""
        ratios = f"{_format(each.committed)} {_format(each.current)}"
        yield f"{title[:22]:22} {titles[each.endpoint]:34} {ratios}{mark}"
    changed = [each for each in comparisons if each.has_changed]
    if not changed:
        yield "Nothing changed beyond the noise."
    for each in changed:
        word = "faster" if each.change > 0 else "SLOWER"
        title = committed.peers[each.reference].title
        yield f"{word}: {titles[each.endpoint]}, {each.change:+.0%} against {title}"


def _format(ratio: Ratio) -> str:
    return f"{ratio.median:5.2f} ({ratio.low:.2f}-{ratio.high:.2f})".rjust(18)
