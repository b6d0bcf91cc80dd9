"""Draw results as an SVG bar chart of request rates, grouped by endpoint."""

from collections.abc import Iterator
from html import escape

from bench.contract import ENDPOINTS
from bench.peers import BASELINE, OURS
from bench.results import Results, rate_ratio

_WIDTH, _LEFT, _RIGHT = 860, 300, 60
_BAR, _GAP, _TOP = 13, 26, 60
_OURS, _OTHERS = "#d9480f", (
    "#1971c2", "#4dabf7", "#a5d8ff", "#868e96", "#495057", "#adb5bd", "#dee2e6",
)  # fmt: skip


def svg(results: Results) -> str:
    """Return the chart: a bar for the ratio of each server to the baseline, on each endpoint."""
    groups = results.endpoints()
    colours = _colours(results)
    widest = max(
        rate_ratio(results, name, peer, BASELINE).median
        for name in groups
        for peer in results.peers
    )
    scale = (_WIDTH - _LEFT - _RIGHT) / max(widest, 1.0)
    group = len(results.peers) * (_BAR + 2) + _GAP
    height = _TOP + len(groups) * group
    size = f'width="{_WIDTH}" height="{height}"'
    title = "Requests per second, as ratios to Fastify + Prisma 7"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">',
        f'<rect {size} fill="#fff"/>',
        f'<text x="12" y="24" font-size="16">{title}</text>',
    ]
    one = _LEFT + scale
    lines.append(
        f'<path d="M{one:.1f} {_TOP - 16}V{height - 12}" stroke="#adb5bd" stroke-dasharray="3 3"/>'
    )
    titles = {each.name: each.title for each in ENDPOINTS}
    for place, name in enumerate(groups):
        top = _TOP + place * group
        lines.append(f'<text x="12" y="{top - 4}" font-weight="bold">{escape(titles[name])}</text>')
        lines += _bars(results, name, top, scale, colours)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _bars(
    results: Results, endpoint: str, top: float, scale: float, colours: dict[str, str]
) -> Iterator[str]:
    for place, (name, peer) in enumerate(results.peers.items()):
        y = top + place * (_BAR + 2)
        figure = rate_ratio(results, endpoint, name, BASELINE).median
        weight = ' font-weight="bold"' if name == OURS else ""
        yield (
            f'<text x="{_LEFT - 8}" y="{y + _BAR - 2}" text-anchor="end"{weight}>'
            f"{escape(peer.title)}</text>"
        )
        yield (
            f'<rect x="{_LEFT}" y="{y}" width="{figure * scale:.1f}" height="{_BAR}"'
            f' fill="{colours[name]}"/>'
        )
        yield (
            f'<text x="{_LEFT + figure * scale + 5:.1f}" y="{y + _BAR - 2}"{weight}>'
            f"{figure:.2f}</text>"
        )


def _colours(results: Results) -> dict[str, str]:
    others = [name for name in results.peers if name != OURS]
    return {OURS: _OURS} | dict(zip(others, _OTHERS, strict=False))
